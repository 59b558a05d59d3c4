"""Answers of the health probes as JSON."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.leads.bookkeeping import DueKind
from shared.policy.scoring import version_of
from shared.services.context import AppContext, FaultCode, PolicySource
from shared.services.health import Health, ImportHealth


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Liveness:
    """The process serves requests."""

    status: Literal["live"] = "live"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ClockRun:
    """When the clock last did what was due; null if it never ran."""

    last_run_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Rescoring:
    """How many leads the current scoring rules haven't scored yet."""

    left: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ImportPass:
    """A pass over the publisher's table that hasn't reached its end yet."""

    began_at: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ImportRun:
    """The import from the publisher's table: rows imported, rows that wait for a repair."""

    taken: int
    refused: int
    last_pass_at: datetime | None  # None: not yet
    last_page_at: datetime | None  # when the last rows were done; if long ago, the import stands still
    under_way: ImportPass | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class UnrecognizedPushes:
    """Pushes that this process stored since it started: with a source or an action that neither Microsoft nor
    the policy names, or with nothing that was understood."""

    sources: int
    actions: int
    pushes: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Readiness:
    """How long the oldest work of each kind is overdue, and how much was given up; counts end at 1000.

    `misconfigured`: something must be corrected by hand, `faults` says what kind of thing.
    """

    status: Literal["ready", "stale", "misconfigured"]
    faults: tuple[FaultCode, ...]
    clock: ClockRun
    oldest_due_seconds: dict[DueKind, float]
    parked: int
    unreadable: int  # leads with due work that this version can't read
    partitions_away: tuple[str, ...]  # that don't answer
    unrecognized: UnrecognizedPushes
    dead_lettered: dict[str, int | None] | None  # at most 100 of each; None: the bus doesn't say
    rescoring: Rescoring
    import_: ImportRun | None  # None: there is no import


def readiness_body(health: Health) -> Readiness:
    """The answer to a readiness probe."""
    return Readiness(
        status="ready" if health.is_ready else "misconfigured" if health.faults else "stale",
        faults=tuple(fault.code for fault in health.faults),
        clock=ClockRun(last_run_at=health.last_clock_run),
        oldest_due_seconds={kind: round(age.total_seconds(), 3) for kind, age in health.oldest_due.items()},
        parked=health.parked,
        unreadable=health.unreadable,
        partitions_away=health.partitions_away,
        unrecognized=UnrecognizedPushes(
            sources=health.unrecognized.sources.total(),
            actions=health.unrecognized.actions.total(),
            pushes=health.unrecognized.pushes,
        ),
        dead_lettered=health.dead_lettered,
        rescoring=Rescoring(left=health.to_rescore),
        import_=_import(health.lead_import) if health.lead_import else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class FaultDetails:
    """Something that must be corrected by hand: what is wrong where, without values."""

    code: FaultCode
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PolicyInForce:
    """The policy by which the desk works: `configured`, or while that is wrong the `last-right` one, or the
    `shipped` one if none was ever right."""

    source: PolicySource
    version: str  # of its scoring rules


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class UnrecognizedWords:
    """Pushes by the words that neither Microsoft nor the policy names; beyond fifty words `(other)`."""

    sources: dict[str, int]
    actions: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class HealthDetails:
    """What a probe counts, with names and texts."""

    unrecognized: UnrecognizedWords
    faults: tuple[FaultDetails, ...]
    policy: PolicyInForce
    readiness: Readiness | None  # None: the store doesn't answer


def health_details(context: AppContext, health: Health | None) -> HealthDetails:
    """The answer to an operator; `health` is None if the store doesn't answer."""
    return HealthDetails(
        unrecognized=UnrecognizedWords(
            sources=dict(context.unrecognized.sources), actions=dict(context.unrecognized.actions)
        ),
        faults=tuple(FaultDetails(code=fault.code, because=fault.because) for fault in context.faults),
        policy=PolicyInForce(source=context.policy_source, version=version_of(context.policy.scoring)),
        readiness=readiness_body(health) if health else None,
    )


def _import(health: ImportHealth) -> ImportRun:
    under_way = health.under_way
    return ImportRun(
        taken=health.taken,
        refused=health.refused,
        last_pass_at=health.last_pass_at,
        last_page_at=health.last_page_at,
        under_way=ImportPass(began_at=under_way.began_at, rows=under_way.rows) if under_way else None,
    )
