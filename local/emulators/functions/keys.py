"""Function keys, with the platform's three auth levels."""

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.emulators.functions.errors import StartError


class AuthLevel(StrEnum):
    """The key that a caller needs: none, one of the function or of the host, or the master key."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key of the app.

    Attributes:
        master: accepted everywhere; the only key for admin functions and the admin API.
        host: by name; each is accepted by every function of level `function`.
        functions: by function, then by name; each is accepted by its own function only.
    """

    master: str = field(repr=False)
    host: Mapping[str, str] = field(default_factory=dict, repr=False)
    functions: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def open_function(self, presented: str | None, function: str, level: AuthLevel) -> bool:
        """Whether the presented key (None = no key) may call a function of that level."""
        if level is AuthLevel.ANONYMOUS:
            return True
        if level is AuthLevel.ADMIN:
            return self.open_admin(presented)
        accepted = (self.master, *self.host.values(), *self.functions.get(function, {}).values())
        return _is_one_of(presented, accepted)

    def open_admin(self, presented: str | None) -> bool:
        """Whether the presented key is the master key."""
        return _is_one_of(presented, (self.master,))


def _is_one_of(presented: str | None, accepted: Iterable[str]) -> bool:
    """Compare with every key, each in constant time, so that timing reveals nothing about them."""
    given = (presented or "").encode()
    matches = [hmac.compare_digest(given, key.encode()) for key in accepted]
    return any(matches)


def read_keys(path: Path) -> Keys:
    """Read `{"master": "...", "host": {"default": "..."}, "functions": {"name": {"default": "..."}}}`.

    `host` and `functions` may be missing.

    Raises:
        StartError: the file is missing or malformed, or a key is empty.
    """
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except OSError as exc:
        raise StartError(f"can't read the keys file {path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise StartError(f"the keys file {path} isn't valid JSON") from exc
    if not isinstance(document, dict):
        raise StartError(f"the keys file {path} must hold a JSON object")
    functions = document.get("functions", {})
    if not isinstance(functions, dict):
        raise StartError(f"the keys file {path}: `functions` must be an object")
    return Keys(
        master=_key(path, "master", document.get("master")),
        host=_named_keys(path, "host", document.get("host", {})),
        functions={name: _named_keys(path, f"functions.{name}", keys) for name, keys in functions.items()},
    )


def _named_keys(path: Path, place: str, keys: Any) -> dict[str, str]:
    if not isinstance(keys, dict):
        raise StartError(f"the keys file {path}: `{place}` must be an object of named keys")
    return {name: _key(path, f"{place}.{name}", value) for name, value in keys.items()}


def _key(path: Path, place: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise StartError(f"the keys file {path}: `{place}` must be a non-empty text")
    return value
