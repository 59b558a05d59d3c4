"""Keys of the local stack: made once and kept in the data folder, so that a pasted URL stays valid."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

PUSH_FUNCTION = "receive_lead"


@dataclass(frozen=True, repr=False)
class Keys:
    """The keys of the local stack, by what they give access to."""

    admin: str  # everything
    function: str  # every function
    push: str  # the push alone
    lead_id: str  # LEADS_ID_KEY: another key gives every lead another id


def load_keys(data: Path) -> Keys:
    """The keys of a data folder, made at the first call."""
    path = data / "keys.json"
    if not path.exists():
        made = {name: secrets.token_urlsafe(32) for name in ("admin", "function", "push", "lead_id")}
        write_private(path, made)
    return Keys(**json.loads(path.read_text()))


def write_host_keys(keys: Keys, path: Path) -> Path:
    """The keys file of the functions host."""
    functions = {PUSH_FUNCTION: {"partner-center": keys.push}}
    write_private(path, {"master": keys.admin, "host": {"default": keys.function}, "functions": functions})
    return path


def write_private(path: Path, value: object) -> None:
    """Write JSON into a file that only this user can read, all or nothing."""
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
    draft.replace(path)
