"""App settings: `local.settings.json`, the environment above it, and `%NAME%` in bindings."""

import json
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from local.emulators.functions.errors import StartError

_PLACEHOLDER = re.compile(r"%([^%\s]+)%")


def local_values(app_root: Path) -> dict[str, str]:
    """The `Values` of `local.settings.json`, as text; empty when the file doesn't exist.

    Raises:
        StartError: the file isn't a JSON object, is encrypted, or holds a value that is an object or a list.
    """
    path = app_root / "local.settings.json"
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text("utf-8-sig"))  # Windows editors put a byte order mark
    except ValueError as exc:
        raise StartError(f"{path} isn't valid JSON: {exc}") from exc
    if not isinstance(document, dict) or not isinstance(document.get("Values", {}), dict):
        raise StartError(f"{path} must be a JSON object whose `Values` is an object")
    if document.get("IsEncrypted"):
        raise StartError(f"{path} is encrypted: run `func settings decrypt` and start again")
    return {name: _as_text(path, name, value) for name, value in document.get("Values", {}).items()}


def _as_text(path: Path, name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise StartError(f"{path}: the value of {name} must be text, not a {type(value).__name__}")


def apply_values(values: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    """Set each value unless the environment already holds a non-empty one, as Core Tools does."""
    for name, value in values.items():
        if not environ.get(name):
            environ[name] = value


def apply_platform_defaults(app_root: Path, environ: MutableMapping[str, str]) -> None:
    """Set what Azure sets for every Python app, except what would enable features of the cloud."""
    environ["AzureWebJobsScriptRoot"] = str(app_root)
    for name, value in _PLATFORM_DEFAULTS.items():
        if not environ.get(name):
            environ[name] = value


_PLATFORM_DEFAULTS = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
    "TZ": "UTC",  # the platform's clock: naive datetimes and cookie expiry times depend on it
}


def is_disabled(function: str, environ: Mapping[str, str]) -> bool:
    """Whether a setting switches a function off: `AzureWebJobs.NAME.Disabled` is `true` or `1`.

    Case doesn't matter. For shells that take no dots in names, `_` may replace each dot; `__`, which does
    so in other settings, may not.
    """
    names = {f"azurewebjobs{dot}{function}{dot}disabled".lower() for dot in "._"}
    return any(name.lower() in names and value.lower() in ("true", "1") for name, value in environ.items())


class SettingResolver:
    """Replaces `%NAME%` by settings and remembers every name that isn't set.

    This way all missing settings of an app are reported at once, each with the places that need it.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._missing: dict[str, list[str]] = {}

    def resolve(self, text: str, needed_by: str) -> str:
        """The text with each `%NAME%` replaced; a name that isn't set stays as it is and is noted."""
        return _PLACEHOLDER.sub(lambda match: self._lookup(match, needed_by), text)

    def _lookup(self, match: re.Match[str], needed_by: str) -> str:
        value = self._environ.get(match[1].replace(":", "__"))
        if value:
            return value
        self._note(match[1], needed_by)
        return match[0]

    def connection_string(self, name: str, needed_by: str) -> str:
        """The Service Bus connection string in the setting `name`, or `AzureWebJobs<name>`.

        Returns:
            Empty text when the setting is missing, which is noted.

        Raises:
            StartError: the connection is identity-based, and this machine has no identity.
        """
        name = name or "AzureWebJobsServiceBus"  # the extension's default
        value = self._environ.get(f"AzureWebJobs{name}") or self._environ.get(name)
        if value:
            return value
        if self._environ.get(f"{name}__fullyQualifiedNamespace"):
            raise StartError(
                f"{needed_by} connects with {name}__fullyQualifiedNamespace, which needs an identity: "
                f"locally, set {name} to a connection string"
            )
        self._note(name, needed_by)
        return ""

    def _note(self, name: str, needed_by: str) -> None:
        needs = self._missing.setdefault(name, [])
        if needed_by not in needs:
            needs.append(needed_by)

    def raise_if_missing(self) -> None:
        """Raise one StartError that names every setting that is needed and missing."""
        if self._missing:
            listed = "; ".join(
                f"{name} (needed by {', '.join(by)})" for name, by in sorted(self._missing.items())
            )
            raise StartError(f"missing settings: {listed}")
