"""Read the settings from the environment; report all that are missing or wrong together, never a value.

Plain functions, without pydantic: they take 0.1 ms of a cold start, where a model takes 17 ms to build after
90 ms for the import of pydantic (CPU time, measured).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

from shared.policy.duration import Duration
from shared.providers.address import checked_url
from shared.providers.mapping import read_mapping
from shared.schedule import longest_gap

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):\s*([\x21-\x7e][\x20-\x7e]{0,2000})")
_KEY_LENGTH = range(16, 65)  # bytes; BLAKE2b takes a key of 64 at most


class InvalidSettings(ValueError):
    """Settings are missing or wrong. `mistakes` has a text for each: its name and rule, never the value."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        """With all mistakes, in the order of `Settings`."""
        super().__init__(f"Settings: {'; '.join(mistakes)}.")
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Secret[Value]:
    """A value that is never printed: it prints as `Secret()`."""

    value: Value = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a storage account or a Service Bus namespace."""

    address: Secret[str]  # a connection string; with `by_identity` the https URI or the host name
    by_identity: bool  # sign in with the managed identity of the app


@dataclass(frozen=True, slots=True, repr=False)
class FactSettings:
    """The provider of facts about companies. Never printed: its URL may hold a key too."""

    url: str  # https, with `{domain}` in it
    mapping: dict[str, str]  # paths into the answer by name of the fact
    headers: Secret[dict[str, str]]  # empty, or the header with the key
    budget: timedelta  # for one look-up


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """The settings of the app. Never printed, and neither is a secret alone."""

    storage: Connection
    table: str
    bus: Connection
    topic: str
    scoring_subscription: str
    activity_queue: str
    spill_queue: str
    clock_period: timedelta  # the longest time between two ticks of the clock, see `longest_gap`
    id_key: Secret[bytes]
    policy: Path | None  # None: the shipped one
    facts: FactSettings | None  # None: no facts from a provider
    marketplace: Connection | None  # the account that Partner Center writes into; None: no import


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        InvalidSettings: with every setting that is missing or wrong.
    """
    read = _Reader(environment)
    settings = Settings(
        storage=read.connection("LEADS_STORAGE", _STORAGE, "LEADS_STORAGE__tableServiceUri", _URI),
        table=read.required("LEADS_TABLE", _TABLE),
        bus=read.connection("LEADS_BUS", _BUS, "LEADS_BUS__fullyQualifiedNamespace", _NAMESPACE),
        topic=read.required("LEADS_TOPIC", _ENTITY),
        # The platform itself resolves this setting, and the schedule, in the triggers.
        scoring_subscription=read.required("LEADS_SCORING_SUBSCRIPTION", _ENTITY),
        activity_queue=read.required("LEADS_ACTIVITY_QUEUE", _ENTITY),
        spill_queue=read.required("LEADS_SPILL_QUEUE", _ENTITY),
        clock_period=read.required("LEADS_CLOCK_SCHEDULE", _period),
        id_key=read.required("LEADS_ID_KEY", _id_key),
        policy=read.optional("LEADS_POLICY", _path),
        facts=_facts(read),
        marketplace=read.optional("MARKETPLACE_TABLE_STORAGE", _storage_or_uri),
    )
    if read.mistakes:
        raise InvalidSettings(read.mistakes)
    return settings


class _Reader:
    """Reads trimmed settings by name, and collects what is missing or wrong.

    A wrong setting reads as None, whatever its type; `read_settings` then raises, so no caller sees it.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.mistakes: list[str] = []

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def required[Value](self, name: str, read: Callable[[str], Value], instead: str = "") -> Value:
        """A setting that must be there; `instead` names another one that may replace it."""
        if not self.text(name):
            self.mistakes.append(f"{name} (or {instead}) is missing" if instead else f"{name} is missing")
        return cast("Value", self.optional(name, read))

    def optional[Value](self, name: str, read: Callable[[str], Value]) -> Value | None:
        """A setting that may be missing; None if it is."""
        try:
            return read(text) if (text := self.text(name)) else None
        except ValueError as exc:
            self.mistakes.append(f"{name} {exc}")
            return None

    def connection(
        self, name: str, read: Callable[[str], str], by_identity: str, read_identity: Callable[[str], str]
    ) -> Connection:
        """A connection; the setting for the app's managed identity wins over the connection string."""
        if self.text(by_identity):
            return Connection(Secret(self.required(by_identity, read_identity)), by_identity=True)
        return Connection(Secret(self.required(name, read, instead=by_identity)), by_identity=False)


# Functions from a setting's text to its value; they raise ValueError with the rule alone.


def _matching(pattern: str, rule: str) -> Callable[[str], str]:
    whole = re.compile(pattern)

    def read(text: str) -> str:
        if not whole.fullmatch(text):
            raise ValueError(f"must {rule}")
        return text

    return read


_STORAGE = _matching(
    r"(?is)(.*;)?(AccountName=\w|UseDevelopmentStorage=true|TableEndpoint=https?://).*",
    "be a connection string of a storage account",
)
_URI = _matching(r"(?s)https://.*", "begin with https://")
_BUS = _matching(
    r"(?i)(?=.*SharedAccess(Key|Signature)=).*Endpoint=sb://[\w.-](?s:.*)",
    "be a connection string of a Service Bus namespace",
)
_NAMESPACE = _matching(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", "be a host name such as x.servicebus.windows.net")
_TABLE = _matching(  # the service has a table `Tables` of its own
    r"(?!(?i:tables)$)[A-Za-z][A-Za-z0-9]{2,62}",
    "be 3 to 63 letters and digits, a letter first, but not `tables`",
)
_ENTITY = _matching(  # a queue, topic or subscription
    r"[A-Za-z0-9._/-]{1,260}", "be a name of letters, digits and . _ - / on the bus"
)


def _period(schedule: str) -> timedelta:
    try:
        return longest_gap(schedule)
    except ValueError:
        raise ValueError("must be NCRONTAB, six fields with seconds first") from None


def _id_key(text: str) -> Secret[bytes]:
    key = text.encode(errors="surrogateescape")
    if len(key) not in _KEY_LENGTH:
        raise ValueError("must be a secret of 16 to 64 bytes")
    return Secret(key)


def _path(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise ValueError("must be the path of an existing file")
    return path


def _storage_or_uri(text: str) -> Connection:
    if text.startswith("https://"):
        return Connection(Secret(text), by_identity=True)
    try:
        return Connection(Secret(_STORAGE(text)), by_identity=False)
    except ValueError as exc:
        raise ValueError(f"{exc}, or begin with https://") from None


def _facts(read: _Reader) -> FactSettings | None:
    """The provider of facts; None without a URL."""
    if not read.text("LEADS_FACTS_URL"):
        return None
    return FactSettings(
        url=read.required("LEADS_FACTS_URL", checked_url),
        mapping=read.required("LEADS_FACTS_MAP", read_mapping),
        headers=Secret(read.optional("LEADS_FACTS_HEADER", _header) or {}),
        budget=read.optional("LEADS_FACTS_BUDGET", Duration.parse) or timedelta(seconds=1),
    )


def _header(text: str) -> dict[str, str]:
    header = _HEADER.fullmatch(text)
    if not header:
        raise ValueError("must be one header, as `x-api-key: ...`")
    return {header[1]: header[2]}
