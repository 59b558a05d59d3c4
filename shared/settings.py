"""Settings: from the environment, all problems reported together, by name, never by value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.policy.duration import Duration
from shared.providers.address import checked_url
from shared.providers.mapping import read_mapping
from shared.schedule import longest_gap

_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")
_STORAGE = re.compile(r"(?i)(^|;)(AccountName=\w|UseDevelopmentStorage=true|TableEndpoint=https?://)")
_BUS = re.compile(r"(?i)(?=.*SharedAccess(Key|Signature)=).*Endpoint=sb://[\w.-]")
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_ENTITY = re.compile(r"[A-Za-z0-9._/-]{1,260}")  # a queue, topic or subscription
_SCHEDULE = re.compile(r"([\w*,/-]+\s+){4,5}[\w*,/-]+")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):\s*([\x21-\x7e][\x20-\x7e]{0,2000})")
_KEY_LENGTH = range(16, 65)  # bytes; BLAKE2b takes a key of 64 at most


class InvalidSettings(ValueError):
    """Settings are missing or wrong. The text names each of them and what it must be."""


@dataclass(frozen=True, slots=True, repr=False)
class FactSettings:
    """Whom to ask for facts about firms. Never printed: it holds a key."""

    url: str  # https, with `{domain}` in it
    mapping: dict[str, str]  # paths into the answer by name of the fact
    headers: dict[str, str]  # none, or the one with the key
    budget: timedelta  # of one look-up


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """What the app is told. Never printed: it holds secrets."""

    storage: str  # a connection string, or the table service's https URI with `storage_by_identity`
    storage_by_identity: bool
    table: str
    bus: str  # a connection string, or a namespace's host name with `bus_by_identity`
    bus_by_identity: bool
    topic: str
    scoring_subscription: str
    activity_queue: str
    spill_queue: str
    clock_period: timedelta  # the longest between two ticks of the clock on a day on which it ticks
    id_key: bytes
    policy: Path | None  # None: the shipped one
    facts: FactSettings | None  # None: no facts from outside
    marketplace: str | None  # as `storage`, of the account that Partner Center writes into; None: no import
    marketplace_by_identity: bool


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        InvalidSettings: naming every setting that is missing or wrong.
    """
    problems: list[str] = []

    def required(name: str, instead: str = "") -> str:
        value = environment.get(name, "").strip()
        if not value:
            problems.append(f"{name}{f' (or {instead})' if instead else ''} is missing")
        return value

    def expect(name: str, value: str, is_right: object, rule: str) -> None:
        if value and not is_right:
            problems.append(f"{name} must {rule}")

    def entity(name: str) -> str:
        value = required(name)
        expect(name, value, _ENTITY.fullmatch(value), "be a name of letters, digits and . _ - / on the bus")
        return value

    storage_uri = environment.get("LEADS_STORAGE__tableServiceUri", "").strip()
    namespace = environment.get("LEADS_BUS__fullyQualifiedNamespace", "").strip()
    storage = storage_uri or required("LEADS_STORAGE", "LEADS_STORAGE__tableServiceUri")
    bus = namespace or required("LEADS_BUS", "LEADS_BUS__fullyQualifiedNamespace")
    table, id_key = required("LEADS_TABLE"), required("LEADS_ID_KEY")
    is_storage = storage_uri or _STORAGE.search(storage)
    expect("LEADS_STORAGE", storage, is_storage, "be a connection string of a storage account")
    is_bus = namespace or _BUS.match(bus)
    expect("LEADS_BUS", bus, is_bus, "be a connection string of a Service Bus namespace")
    expect(
        "LEADS_BUS__fullyQualifiedNamespace",
        namespace,
        _NAMESPACE.fullmatch(namespace),
        "be a host name such as x.servicebus.windows.net",
    )
    expect(
        "LEADS_STORAGE__tableServiceUri",
        storage_uri,
        storage_uri.startswith("https://"),
        "begin with https://",
    )
    is_table = _TABLE_NAME.fullmatch(table) and table.casefold() != "tables"  # a name of the service's own
    expect("LEADS_TABLE", table, is_table, "be 3 to 63 letters and digits, a letter first, but not `tables`")
    is_key = len(id_key.encode(errors="surrogateescape")) in _KEY_LENGTH
    expect("LEADS_ID_KEY", id_key, is_key, "be a secret of 16 to 64 bytes")
    topic = entity("LEADS_TOPIC")
    activity_queue, spill_queue = entity("LEADS_ACTIVITY_QUEUE"), entity("LEADS_SPILL_QUEUE")
    # The platform resolves this one in the trigger, and the schedule too.
    scoring_subscription = entity("LEADS_SCORING_SUBSCRIPTION")
    clock_period = _period(required("LEADS_CLOCK_SCHEDULE"), problems)
    facts = _facts(environment, problems)
    marketplace = _marketplace(environment, problems)
    policy = environment.get("LEADS_POLICY", "").strip()
    expect("LEADS_POLICY", policy, Path(policy).exists(), "be the path of a file that is there")
    if problems:
        raise InvalidSettings("Settings: " + "; ".join(problems) + ".")
    return Settings(
        storage=storage,
        storage_by_identity=bool(storage_uri),
        table=table,
        bus=bus,
        bus_by_identity=bool(namespace),
        topic=topic,
        scoring_subscription=scoring_subscription,
        activity_queue=activity_queue,
        spill_queue=spill_queue,
        clock_period=clock_period,
        id_key=id_key.encode(errors="surrogateescape"),
        policy=Path(policy) if policy else None,
        facts=facts,
        marketplace=marketplace,
        marketplace_by_identity=bool(marketplace and _is_uri(marketplace)),
    )


def _period(schedule: str, problems: list[str]) -> timedelta:
    """The longest time between two ticks of a schedule. What is wrong goes onto the list."""
    if not schedule:
        return timedelta()
    try:
        return longest_gap(schedule if _SCHEDULE.fullmatch(schedule) else "")
    except ValueError:
        problems.append("LEADS_CLOCK_SCHEDULE must be NCRONTAB, six fields with seconds first")
        return timedelta()


def _marketplace(environment: Mapping[str, str], problems: list[str]) -> str | None:
    """The account that Partner Center writes into, if there is one. What is wrong goes onto the list."""
    written = environment.get("MARKETPLACE_TABLE_STORAGE", "").strip()
    if written and not _is_uri(written) and not _STORAGE.search(written):
        problems.append(
            "MARKETPLACE_TABLE_STORAGE must be a connection string of a storage account, or begin with https://"
        )
    return written or None


def _is_uri(storage: str) -> bool:
    return storage.startswith("https://")


def _facts(environment: Mapping[str, str], problems: list[str]) -> FactSettings | None:
    """The provider of facts; off unless it has a URL. What is wrong goes onto the list."""

    def read[Value](name: str, reader: Callable[[str], Value], default: str = "") -> Value | None:
        try:
            return reader(environment.get(name, "").strip() or default)
        except ValueError as exc:
            problems.append(f"{name}: {exc}")
            return None

    if not environment.get("LEADS_FACTS_URL", "").strip():
        return None
    url = read("LEADS_FACTS_URL", checked_url)
    mapping = read("LEADS_FACTS_MAP", read_mapping)
    headers = read("LEADS_FACTS_HEADER", _header)
    budget = read("LEADS_FACTS_BUDGET", Duration.parse, default="1s")
    if url is None or mapping is None or headers is None or budget is None:
        return None
    return FactSettings(url=url, mapping=mapping, headers=headers, budget=budget)


def _header(text: str) -> dict[str, str]:
    if not text:
        return {}
    written = _HEADER.fullmatch(text)
    if not written:
        raise ValueError("needs one header, as `x-api-key: ...`")
    return {written[1]: written[2]}
