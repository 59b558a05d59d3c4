"""The world around the app: stores and buses that outlive every process, and their audit at the end."""

import itertools
from collections.abc import Callable, Coroutine, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contract.messages import activity_of
from shared.enrichment.identity import lead_id as make_id
from shared.marketplace.offer import offer_of
from shared.marketplace.table_row import SourceRow
from shared.policy.load import parse_policy
from shared.policy.model import Policy
from shared.services.activity import take_activity
from shared.services.context import AppContext, ClockMemory, LeadImport, LeadLocks, RescoreWatch
from shared.services.ports import QueuedMessage
from shared.services.run_due import run_due
from shared.services.spill import receive_spilled
from simulation.invariants import Erasure, Found, broken, found_in, unsettled
from simulation.ports import Gate, Subscriber, bus_behind, store_behind
from tests.builders import a_context, a_push
from tests.fakes.marketplace_import import MemoryImportLedger, MemoryMarketplaceTable
from tests.fakes.messaging import MemoryQueue
from tests.fakes.table import PORTS, MemoryTable
from tests.samples import ID_KEY, NOW

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
POLICY = parse_policy("""
[follow_up]
target = "24h"
warn_before = "4h"
escalate = [{ to = "team_lead", after = "8h" }]
[retention]
leads_after = "10d"
[routing]
catch_all = "chief"
[[routing.rules]]
name = "world"
because = "everybody"
team = "world"
[routing.teams.world]
members = ["ann", "bob"]
lead = "boss"
[scoring]
[[scoring.models]]
name = "small"
[scoring.models.qualify]
enter = 50
leave = 42
[scoring.models.groups]
fit = { cap = 60, grades = { A = 42, B = 28, C = 14 } }
intent = { cap = 40, grades = { 1 = 30, 2 = 20, 3 = 10 } }
[[scoring.models.rules]]
name = "names-company"
group = "fit"
when = { fact = "company.name", exists = true }
points = 42
because = "names a company"
[[scoring.models.rules]]
name = "came"
group = "intent"
behaviour = { interaction = "push", each = true, half_life = "14d" }
points = 10
cap = 30
because = "was here"
""")
DESK = a_context()
# Minutes after the scenario at which the clock runs, the last beyond all deadlines.
AFTER = (1, 3, 10, 30, 2880, 2881, 2883)

type Act = Callable[["Environment", AppContext], Coroutine[Any, Any, None]]


@dataclass
class Environment:
    """Stores, buses and promises that outlive every process."""

    store: Any = field(default_factory=MemoryTable)
    workloads: Any = None  # None: the store is used
    subscriber: Any = field(default_factory=Subscriber)
    queue: Any = field(default_factory=MemoryQueue)
    spill: Any = field(default_factory=MemoryQueue)
    table: Any = field(default_factory=MemoryMarketplaceTable)
    ledger: Any = field(default_factory=MemoryImportLedger)
    pushes_begun: int = 0
    acknowledged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    taken_over: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # likewise, of rows
    reports: list[tuple[str, str]] = field(default_factory=list)  # leads' ids, ids of calls that were taken
    erasures: list[Erasure] = field(default_factory=list)
    at: datetime = NOW + MINUTE  # aware UTC: what the clocks of all processes show
    policy: Policy = POLICY
    id_key: bytes = ID_KEY

    @property
    def lead_id(self) -> str:
        """The id of the lead that the first push opens."""
        push = a_push()
        return make_id(push, offer_of(push, None, {}), self.id_key)

    def process(self, name: str, gate: Gate | None = None) -> AppContext:
        """The context of a new process over the same stores and buses, behind a gate if one is given."""
        operations = itertools.count()

        def store(port: Any) -> Any:
            return store_behind(gate, port) if gate else port

        def bus(port: Any) -> Any:
            return bus_behind(gate, port) if gate else port

        return replace(
            DESK,
            locks=LeadLocks(),
            rescore_watch=RescoreWatch(),
            clock_memory=ClockMemory(sweep_again_at=datetime.max.replace(tzinfo=UTC)),
            **{name: store(self.store) for name in PORTS},
            publisher=bus(self.subscriber),
            activity=bus(self.queue),
            spill=bus(self.spill),
            lead_import=LeadImport(store(self.table), store(self.ledger)),
            policy=self.policy,
            id_key=self.id_key,
            new_id=lambda: f"{name}-{next(operations)}",
            chance=lambda: 0.0,
        )

    def copy(self) -> "Environment":
        """A copy in memory; rows and events are shared, since they are never changed in place."""
        environment = Environment(
            acknowledged=[*self.acknowledged], pushes_begun=self.pushes_begun, at=self.at
        )
        environment.subscriber.heard = [*self.subscriber.heard]
        environment.table.rows = dict(self.table.rows)
        environment.spill.sent = [*self.spill.sent]
        mine, theirs = vars(self.store), vars(environment.store)
        theirs |= {name: value.copy() for name, value in mine.items() if isinstance(value, dict | list)}
        theirs |= {name: mine[name] for name in ("_workload", "_workload_version", "_clock_run")}
        theirs["_versions"] = itertools.count(1000)
        return environment

    def content(self) -> tuple[Any, ...]:
        """All observable state, to compare two paths by."""
        rows = [self.store.rows[key] for key in sorted(self.store.rows)]
        return (
            rows,
            (self.store._workload, self.store._assignments, self.store._etags),
            (self.ledger._stored, self.ledger._refused),
            sorted({event.id for _, event in self.subscriber.heard}),
            sorted({message.message_id for message in self.spill.sent}),
            sorted({message.message_id for _, message in self.queue.redelivered}),
            (self.acknowledged, self.taken_over, self.reports, self.erasures),
        )

    async def place(self, rows: Sequence[SourceRow]) -> None:
        """Write rows to the publisher's table."""
        for row in rows:
            self.table.put(row)

    async def settle(self) -> None:
        """Run the clock a few times in a new process, at ever later instants, without faults."""
        context = self.process("afterwards")
        await self.drain(context)
        for minutes in AFTER:
            await run_due(context, self.at + minutes * MINUTE)

    async def drain(self, context: AppContext) -> None:
        """Receive all messages that wait in the queues."""
        await self.receive_all(context, self.spill.sent, [message for _, message in self.queue.redelivered])

    async def receive_all(
        self, context: AppContext, spilled: Sequence[QueuedMessage], reports: Sequence[QueuedMessage]
    ) -> None:
        """Receive messages as the triggers do."""
        for message in spilled:
            await receive_spilled(context, message, self.at)
        for message in reports:
            activity = activity_of(message.body, message.message_id, message.sent_at)
            await take_activity(context, activity, now=self.at)

    async def found(self) -> Found:
        """Read the final state, to be audited."""
        found = found_in(self.store.rows.values(), text=bool(self.erasures))
        found.heard, found.seats = self.subscriber.heard, set(self.store._assignments)
        return await self.look_around(found)

    async def look_around(self, found: Found) -> Found:
        """Add what the processes acknowledged, and the workload of owners."""
        found.acknowledged, found.taken_over = self.acknowledged, self.taken_over
        found.reports, found.erasures = self.reports, self.erasures
        found.rota = (await (self.workloads or self.store).get_workload(self.lead_id)).workload
        return found

    async def problems(self, *, scores: bool = True) -> list[str]:
        """Every broken rule in the final state; with `scores` scores are recomputed too."""
        found = await self.found()
        found.policy = self.policy if scores else None
        return broken(found) + unsettled(found, alarms=True)
