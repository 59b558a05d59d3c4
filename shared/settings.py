"""Read the settings from the environment; report all that are missing or wrong together, never a value.

The app reads with `usable_settings`, which never fails: a wrong setting costs only what needs it. Whoever can
still correct them, at a deployment or a local start, reads with `read_settings`, which refuses.

Plain functions, without pydantic: they take 0.1 ms of a cold start, where a model takes 17 ms to build after
90 ms for the import of pydantic (CPU time, measured).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.policy.duration import Duration
from shared.providers.address import checked_url
from shared.providers.mapping import read_mapping
from shared.schedule import longest_gap

EXAMPLE_KEY = "a-secret-of-your-own-never-this-one"  # LEADS_ID_KEY in local.settings.sample.json
_REFERENCE = r"(?i)@microsoft\.\w+\("  # ...KeyVault(, ...AppConfiguration(
_STORAGE_EMULATOR = "usedevelopmentstorage=true"
_HEADER = r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):\s*([\x21-\x7e][\x20-\x7e]{0,2000})"
_OF_FACTS = ("LEADS_FACTS_HEADER", "LEADS_FACTS_BUDGET")
UNRESOLVED = "is a reference that isn't resolved: the app would take its text for the value"
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
    """The settings of the app. None: missing, and if it is required or wrong, among the `mistakes`.

    Never printed, and neither is a secret alone.
    """

    storage: Connection | None
    table: str | None
    bus: Connection | None
    topic: str | None
    scoring_subscription: str | None
    activity_queue: str | None
    spill_queue: str | None
    clock_period: timedelta | None  # the longest time between two ticks of the clock, see `longest_gap`
    id_key: Secret[bytes] | None
    policy: Path | None  # None, unless it is wrong: the shipped one
    facts: FactSettings | None  # None: no facts from a provider
    marketplace: Connection | None  # the account that Partner Center writes into; None: no import
    mistakes: Mapping[str, str]  # the rule that is broken, by the setting's name

    def texts(self) -> tuple[str, ...]:
        """A text for each mistake: the setting's name and the rule, never the value."""
        return tuple(f"{name} {rule}" for name, rule in self.mistakes.items())


def read_settings(environment: Mapping[str, str], *, is_deployment: bool = False) -> Settings:
    """Read settings that are all right.

    Args:
        environment: the settings by name.
        is_deployment: refuse the sample's LEADS_ID_KEY even beside a storage emulator.

    Raises:
        InvalidSettings: with every setting that is missing or wrong.
    """
    settings = usable_settings(environment, is_deployment=is_deployment)
    if settings.mistakes:
        raise InvalidSettings(settings.texts())
    return settings


def usable_settings(environment: Mapping[str, str], *, is_deployment: bool = False) -> Settings:
    """Read what is right of the settings; the others are None and among the `mistakes`."""
    read = _Reader(environment)
    return Settings(
        storage=read.connection("LEADS_STORAGE", _storage, "LEADS_STORAGE__tableServiceUri", _URI),
        table=read.required("LEADS_TABLE", _TABLE),
        bus=read.connection("LEADS_BUS", _bus, "LEADS_BUS__fullyQualifiedNamespace", _NAMESPACE),
        topic=read.bus_entity("LEADS_TOPIC"),
        # The platform itself resolves this setting, and the schedule, in the triggers.
        scoring_subscription=read.required("LEADS_SCORING_SUBSCRIPTION", _ENTITY),
        activity_queue=read.bus_entity("LEADS_ACTIVITY_QUEUE", "LEADS_TOPIC"),
        spill_queue=read.bus_entity("LEADS_SPILL_QUEUE", "LEADS_TOPIC", "LEADS_ACTIVITY_QUEUE"),
        clock_period=read.required("LEADS_CLOCK_SCHEDULE", _period),
        id_key=read.required("LEADS_ID_KEY", _id_key if _is_local(read, is_deployment) else _secret_id_key),
        policy=read.optional("LEADS_POLICY", _path),
        facts=_facts(read),
        marketplace=read.optional("MARKETPLACE_TABLE_STORAGE", _storage_or_uri),
        mistakes=read.mistakes,
    )


def unresolved(environment: Mapping[str, str]) -> list[str]:
    """Names of all settings, also of other programs, whose value is the text of a reference."""
    return [name for name, value in environment.items() if re.match(_REFERENCE, value.strip())]


class _Reader:
    """Reads trimmed settings by name, and collects what is missing or wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.mistakes: dict[str, str] = {}

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def required[Value](self, name: str, read: Callable[[str], Value], instead: str = "") -> Value | None:
        """A setting that must be there; `instead` names another one that may replace it."""
        if not self.text(name):
            self.mistakes[name] = f"(or {instead}) is missing" if instead else "is missing"
        return self.optional(name, read)

    def optional[Value](self, name: str, read: Callable[[str], Value]) -> Value | None:
        """A setting that may be missing; None if it is, or if it is wrong."""
        text = self.text(name)
        if re.match(_REFERENCE, text):
            self.mistakes[name] = UNRESOLVED
            return None
        try:
            return read(text) if text else None
        except ValueError as exc:
            self.mistakes[name] = str(exc)
            return None

    def connection(
        self, name: str, read: Callable[[str], str], by_identity: str, read_identity: Callable[[str], str]
    ) -> Connection | None:
        """A connection; the setting for the app's managed identity wins over the connection string."""
        is_by_identity = bool(self.text(by_identity))
        address = (
            self.required(by_identity, read_identity)
            if is_by_identity
            else self.required(name, read, instead=by_identity)
        )
        return None if address is None else Connection(Secret(address), by_identity=is_by_identity)

    def bus_entity(self, name: str, *others: str) -> str | None:
        """A queue or topic, with another name than the others: all share the names of the namespace.

        Two with one name are a mistake, but the name is used: a push that is sent there is kept at least.
        """
        entity = self.required(name, _ENTITY)
        for other in others:
            if entity is not None and entity.casefold() == self.text(other).casefold():
                self.mistakes[name] = f"must not be the name that {other} has"
        return entity


def _is_local(read: _Reader, is_deployment: bool) -> bool:
    """The leads lie in a storage emulator, where the sample's key does no harm."""
    return not is_deployment and read.text("LEADS_STORAGE").casefold() == _STORAGE_EMULATOR


# Functions from a setting's text to its value; they raise ValueError with the rule alone.


def _matching(pattern: str, rule: str) -> Callable[[str], str]:
    whole = re.compile(pattern)

    def read(text: str) -> str:
        if not whole.fullmatch(text):
            raise ValueError(f"must {rule}")
        return text

    return read


def _connection_parts(text: str) -> dict[str, str]:
    """The parts of a connection string by lower-case name; empty if it has other parts, or one twice."""
    pairs = [part.partition("=") for part in text.rstrip(";").split(";")]
    parts = {name.casefold(): value for name, _, value in pairs}
    return parts if len(parts) == len(pairs) and all(name and sign for name, sign, _ in pairs) else {}


def _storage(text: str) -> str:
    """What the SDK makes a client of: it raises for anything else."""
    parts = _connection_parts(text)
    is_signed = "sharedaccesssignature" in parts
    has_key = "accountname" in parts and ("accountkey" in parts or is_signed)
    has_endpoint = "tableendpoint" in parts
    is_complete = (has_key or (has_endpoint and is_signed)) and all(parts.values())
    if text.casefold() != _STORAGE_EMULATOR and (
        not is_complete or ("tablesecondaryendpoint" in parts and not has_endpoint)
    ):
        raise ValueError("must be a connection string of a storage account")
    return text


def _bus(text: str) -> str:
    """What the SDK makes a client of: it raises for anything else."""
    parts = _connection_parts(text)
    key = {"sharedaccesskeyname", "sharedaccesskey"}
    credentials = {name for name in (*key, "sharedaccesssignature") if parts.get(name)}
    if not re.match(r"sb://[\w.-]", parts.get("endpoint", "")) or credentials not in (
        key,
        {"sharedaccesssignature"},
    ):
        raise ValueError("must be a connection string of a Service Bus namespace")
    return text


_URI = _matching(r"https://[\w-]+(\.[\w-]+)*(:[0-9]{1,5})?(/\S*)?", "begin with https:// and a host name")
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


def _secret_id_key(text: str) -> Secret[bytes]:
    if text == EXAMPLE_KEY:
        raise ValueError("must be a secret of your own, not that of the sample, which everybody knows")
    return _id_key(text)


def _path(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise ValueError("must be the path of an existing file")
    return path


def _storage_or_uri(text: str) -> Connection:
    if text.startswith("https://"):
        return Connection(Secret(_URI(text)), by_identity=True)
    try:
        return Connection(Secret(_storage(text)), by_identity=False)
    except ValueError as exc:
        raise ValueError(f"{exc}, or begin with https://") from None


def _facts(read: _Reader) -> FactSettings | None:
    """The provider of facts; None without a URL, or if any of its settings is wrong."""
    if not read.text("LEADS_FACTS_URL"):
        return None
    url = read.required("LEADS_FACTS_URL", checked_url)
    mapping = read.required("LEADS_FACTS_MAP", read_mapping)
    header = read.optional("LEADS_FACTS_HEADER", _header)
    budget = read.optional("LEADS_FACTS_BUDGET", Duration.parse)
    if url is None or mapping is None or not read.mistakes.keys().isdisjoint(_OF_FACTS):
        return None
    return FactSettings(url, mapping, Secret(header or {}), budget or timedelta(seconds=1))


def _header(text: str) -> dict[str, str]:
    header = re.fullmatch(_HEADER, text)
    if not header:
        raise ValueError("must be one header, as `x-api-key: ...`")
    return {header[1]: header[2]}
