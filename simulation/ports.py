"""Ports behind a gate, which decides the fate of each call."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.leads.events import Event
from shared.leads.identity import LEAD_ID
from shared.leads.lead import Lead
from shared.services.errors import (
    BusUnavailable,
    ImportChanged,
    LeadChanged,
    LeadExists,
    LeadNotFound,
    LeadUnreadable,
    StoreUnavailable,
)

REFUSALS = (LeadChanged, LeadExists, LeadNotFound, LeadUnreadable, ImportChanged)
WRITES = frozenset(
    {
        "create",
        "replace",
        "save_assignment",
        "upsert_rules",
        "record_clock_run",
        "save_state",
        "upsert_refused",
        "delete_refused",
        "delete_events",
        "delete_tombstone",
        "delete_assignment",
        "put_off",
        "delete_stray",
        "repair",
        "add_alias",
        "remove_alias",
        "save_id_sweep",
    }  # of stores
    | {"publish", "send", "send_at", "dead_letter"}  # of the bus
)


class Fault(enum.StrEnum):
    """What can become of a call to the outside world."""

    FAILS_BEFORE = "fails before"
    ANSWER_LOST = "done, answer lost"
    DONE_LATER = "answer lost, done later"  # the request was still under way
    HANGS = "hangs until the time-out"
    HANGS_DONE = "done, hangs until the time-out"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "done, killed after"


KILLS = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
HAPPENS = (
    Fault.ANSWER_LOST,
    Fault.HANGS_DONE,
    Fault.KILLED_AFTER,
)  # the effect happens, but its caller gets no answer


@dataclass(frozen=True)
class Call:
    """A call that waits at the gate."""

    name: str
    do: Callable[[], Awaitable[Any]]
    failure: type[Exception]  # what the adapter raises when the outcome is unknown
    about: str | None = None  # the lead whose partition is asked; None: another row, or the bus

    @property
    def writes(self) -> bool:
        """It changes the outside world."""
        return self.name in WRITES

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that make a difference: reading has no effect that could be lost."""
        return tuple(Fault) if self.writes else (Fault.FAILS_BEFORE, Fault.HANGS, Fault.KILLED_BEFORE)


class Gate(Protocol):
    """Lets a call pass, or fails it."""

    async def __call__(self, call: Call) -> Any:
        """The call's answer, or its failure."""


class Through:
    """A port with each of its calls behind a gate."""

    def __init__(self, port: Any, gate: Gate, failure: type[Exception]) -> None:
        """Call nothing yet."""
        self._port, self._gate, self._failure = port, gate, failure

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._port, name)

        async def call(*args: Any, **named: Any) -> Any:
            do = lambda: method(*args, **named)  # noqa: E731
            return await self._gate(Call(name, do, self._failure, _lead_of(args)))

        return call


def _lead_of(args: tuple[Any, ...]) -> str | None:
    """The id of the lead that a call to a store is about: of a lead, a change, or what was read."""
    first = args[0] if args else None
    lead = getattr(first, "lead", first)
    lead_id = getattr(lead, "id", lead)
    return lead_id if isinstance(lead_id, str) and LEAD_ID.fullmatch(lead_id) else None


def store_behind(gate: Gate, store: Any) -> Any:
    """A port over the table, or any part of an import."""
    return Through(store, gate, StoreUnavailable)


def bus_behind(gate: Gate, bus: Any) -> Any:
    """A publisher, or the queue of activities."""
    return Through(bus, gate, BusUnavailable)


@dataclass
class Subscriber:
    """A publisher that delivers at once, each event as often as it was sent."""

    heard: list[tuple[str, Event]] = field(default_factory=list)
    is_down: bool = False
    on_event: Callable[[str, Event], None] = lambda lead_id, event: None

    async def publish(self, lead: Lead, events: list[Event]) -> None:
        """See `EventPublisher.publish`."""
        if self.is_down:
            raise BusUnavailable("switched off")
        for event in events:
            self.heard.append((lead.id, event))
            self.on_event(lead.id, event)
