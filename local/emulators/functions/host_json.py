"""`host.json`, read into the values that this host uses; anything else in it is ignored."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from local.emulators.functions.errors import StartError

_OVERRIDE_PREFIX = "AzureFunctionsJobHost__"
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,7})?))?")


@dataclass(frozen=True, slots=True)
class ServiceBusOptions:
    """`extensions.serviceBus`, with the extension's own defaults (its concurrency is per core there)."""

    max_concurrent_calls: int = 16  # messages at once, for each function
    prefetch_count: int = 0  # messages
    auto_complete_messages: bool = True
    max_auto_lock_renewal: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The values of `host.json` that this host uses.

    Attributes:
        route_prefix: without slashes; empty when routes start at the root.
        function_timeout: None = no limit.
    """

    route_prefix: str = "api"
    function_timeout: timedelta | None = None
    service_bus: ServiceBusOptions = ServiceBusOptions()


def read_host_config(app_root: Path, environ: Mapping[str, str]) -> HostConfig:
    """Read `host.json`; settings named `AzureFunctionsJobHost__a__b` override its `a.b`, as in Azure.

    Raises:
        StartError: the file is missing, isn't version 2.0, or holds a value of the wrong kind.
    """
    path = app_root / "host.json"
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError as exc:
        raise StartError(f"{path} doesn't exist: is {app_root} the root of a function app?") from exc
    except ValueError as exc:
        raise StartError(f"{path} isn't valid JSON: {exc}") from exc
    if not isinstance(document, dict) or document.get("version") != "2.0":
        raise StartError(f'{path} must be a JSON object with "version": "2.0"')
    return host_config(_with_overrides(document, environ))


def _with_overrides(document: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    for name, value in environ.items():
        if name.startswith(_OVERRIDE_PREFIX):
            *sections, key = name.removeprefix(_OVERRIDE_PREFIX).split("__")
            section = document
            for part in sections:
                section = section.setdefault(part, {})
            section[key] = value
    return document


def host_config(document: Mapping[str, Any]) -> HostConfig:
    """The values of a parsed `host.json`; StartError names the first that is invalid."""
    http = _Section(document, "extensions.http")
    bus = _Section(document, "extensions.serviceBus")
    defaults = ServiceBusOptions()
    return HostConfig(
        route_prefix=http.text("routePrefix", "api").strip("/"),
        function_timeout=_Section(document, "").time_span("functionTimeout", None),
        service_bus=ServiceBusOptions(
            max_concurrent_calls=bus.count("maxConcurrentCalls", defaults.max_concurrent_calls, minimum=1),
            prefetch_count=bus.count("prefetchCount", defaults.prefetch_count, minimum=0),
            auto_complete_messages=bus.flag("autoCompleteMessages", default=defaults.auto_complete_messages),
            max_auto_lock_renewal=bus.time_span("maxAutoLockRenewalDuration", defaults.max_auto_lock_renewal)
            or timedelta(0),
        ),
    )


class _Section:
    """One object inside `host.json`, by its dotted path; numbers and flags may also be text."""

    def __init__(self, document: Mapping[str, Any], path: str) -> None:
        self._path = path
        value: Any = document
        for part in path.split(".") if path else ():
            value = value.get(part, {})
            if not isinstance(value, dict):
                raise StartError(f"host.json: {path} must be an object")
        self._values = cast(Mapping[str, Any], value)

    def text(self, key: str, default: str) -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise self._invalid(key, "text")
        return value

    def count(self, key: str, default: int, *, minimum: int) -> int:
        value = str(self._values.get(key, default))
        if not value.isdecimal() or int(value) < minimum:
            raise self._invalid(key, f"a whole number from {minimum}")
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        value = str(self._values.get(key, default)).lower()
        if value not in {"true", "false"}:
            raise self._invalid(key, "true or false")
        return value == "true"

    def time_span(self, key: str, default: timedelta | None) -> timedelta | None:
        value = self._values.get(key)
        if value is None:
            return default
        if value == "-1":  # "no limit" of functionTimeout
            return None
        match = _TIME_SPAN.fullmatch(str(value))
        if match is None:
            raise self._invalid(key, "a time span such as 00:05:00")
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

    def _invalid(self, key: str, expected: str) -> StartError:
        return StartError(f"host.json: {'.'.join(filter(None, (self._path, key)))} must be {expected}")
