"""Make the golden files: run the use cases of commit 35560d3 in memory, write what it stored.

Runs only on a checkout of commit 35560d3, and is kept to show where the files come from:

    git worktree add ../golden-35560d3 35560d3
    cp -r tests/golden ../golden-35560d3/tests/ && cd ../golden-35560d3
    python3 dev.py check && .venv/bin/python -m tests.golden.35560d3.make

Clock, ids and chance are fixed: a second run writes the same bytes. All people are invented, all firms are
Microsoft's samples. README.md says what each file holds.
"""

import asyncio
import dataclasses
import hashlib
import itertools
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import azure.functions as func
import msgspec
from azure.functions.meta import Datum
from azure.functions.servicebus import ServiceBusMessageInConverter
from azure.servicebus import ServiceBusMessage
from functions.queued_message import message_of
from msgspec.structs import replace
from shared.leads.attention import FollowUpReport
from shared.leads.crm_facts import FactReport
from shared.leads.erasure import first_event
from shared.leads.index_rows import IndexRow, index_rows
from shared.leads.interaction import InteractionReport
from shared.leads.replay import replayed_score
from shared.leads.wire import event_on_the_wire, lead_on_the_wire
from shared.messaging.cloud_events import LARGEST_BODY
from shared.messaging.memory import MemoryQueue, MemoryUnread
from shared.messaging.message_queue import copy_of
from shared.messaging.service_bus import _message as published_message
from shared.scoring.score import Score
from shared.services.desk import Desk, RulesWatch, Takeover
from shared.services.follow_up import report_follow_up
from shared.services.interact import report_interaction, report_interaction_of
from shared.services.learn import report_facts
from shared.services.put_off import ACTIVITY, put_off
from shared.services.stats import lead_stats
from shared.services.take_over import take_over
from shared.services.update import update_lead
from shared.storage.entities import (
    Entity,
    event_of,
    index_entity,
    lead_of,
    mark_of,
    rota_entity,
    rota_of,
    rules_of,
    seat_entity,
    seat_of,
)
from shared.storage.import_ledger import PARTITION, TableImportLedger, _refused_of
from shared.storage.import_memory import MemoryImportLedger, MemoryMarketplaceTable
from shared.storage.memory import MemoryLeadStore

import function_app
from functions import activity, spill
from functions.activity_body import activity_of
from shared.leads.events import Event, EventType, lead_and_number
from shared.leads.identity import person_of
from shared.leads.lead import CloseReason, DueKind, Lead, LeadStatus
from shared.leads.lifecycle import LeadUpdate
from shared.marketplace.parse import parse_push
from shared.marketplace.table_row import SourceRow
from shared.policy.duration import Duration
from shared.policy.load import load_policy, read_scoring
from shared.policy.model import Policy
from shared.policy.scoring import version_of, written
from shared.services import run_due as clock_service
from shared.services.erase import erase_lead, erase_person
from shared.services.ports import (
    BusUnavailable,
    DueRow,
    LeadFilter,
    StoredLead,
    StoredRota,
    StoreUnavailable,
)
from shared.services.receive import named
from shared.services.score import score_lead
from shared.services.spill import receive_or_spill
from shared.settings import Settings, read_settings
from shared.storage import desk_rows

HERE = Path(__file__).resolve().parent
VERSION = HERE.name
LEADS_ID_KEY = "a key of the golden files, and of nothing else"
POLICY = f"tests/golden/{VERSION}/policy.toml"  # from the root of the repository
END = datetime(2026, 3, 20, 12, tzinfo=UTC)  # a Friday: the instant at which the table is as written
LATER = datetime(2026, 6, 1, tzinfo=UTC)
ERA = datetime(2026, 2, 2, 9, tzinfo=UTC)  # of the leads that the shipped policy took
SOON = timedelta(seconds=2)  # a score comes so fast
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CRM, BACKUP = "contoso.contoso-crm", "contoso.contoso-backup"
ORIGINS = [f"https://{name}.table.core.windows.net" for name in ("contosoleads", "fabrikamleads", "newleads")]
MOST = 100_000  # rows of a list
TRIGGERS = {one.get_function_name(): one for one in function_app.app.get_functions()}

# Who somebody is, from A to D, and what they want, from 1 to 4: by the rules of both policies.
FIT = {
    "A": {"Title": "Chief Information Officer", "Phone": "+1 425 555 0100", "Company": "Contoso Ltd"},
    "B": {"Company": "Contoso Ltd"},
    "C": {"Phone": "+1 425 555 0123", "Company": "Contoso Ltd"},
    "D": {},
}
STORED_IDENTITIES = (7, 9, 17)  # no offer; by phone, by content
SHOWN = ("facts", "import-touch", "missed", "test", "unicode", "won")  # whole in `expected.json`
FREE = "CD"  # write from a free mailbox
INTENT = {
    "1": {"ActionCode": "PLT", "LeadSource": f"AzureMarketplace-PLT|{CRM}"},
    "2": {"ActionCode": "INS", "LeadSource": f"AzureMarketplace-INS|{CRM}"},
    "3": {"LeadSource": f"AppSource|{CRM}", "Description": "Please tell me more."},
    "4": {"LeadSource": f"AzurePortal|{CRM}"},
}
FACTS = {
    "fabrikam.com": {"industry": "software", "employees": 250, "publicCompany": True, "rating": 4.75},
    "contoso.com": {},
}


class Store(MemoryLeadStore):
    """A store that can be away, or fail at some of its calls."""

    def __init__(self) -> None:
        """All is well."""
        super().__init__()
        self.is_away = False
        self.broken: dict[str, Exception] = {}

    def _expect(self, call: str) -> None:
        if self.is_away:
            raise StoreUnavailable("switched off")
        if call in self.broken:
            raise self.broken[call]

    async def get(self, lead_id: str) -> StoredLead:
        """See `LeadStore.get`."""
        self._expect("get")
        return await super().get(lead_id)

    async def create(self, change: Any) -> StoredLead:
        """See `LeadStore.create`."""
        self._expect("create")
        return await super().create(change)

    async def rota_for(self, lead_id: str) -> StoredRota:
        """See `LeadStore.rota_for`."""
        self._expect("rota_for")
        return await super().rota_for(lead_id)

    async def erase_events(self, lead_id: str, through: int) -> int:
        """See `LeadStore.erase_events`."""
        self._expect("erase_events")
        return await super().erase_events(lead_id, through)


class OnlyLead:
    """The store as the clock sees it when one lead alone has something to do."""

    def __init__(self, store: Store, lead_id: str) -> None:
        """Of which lead."""
        self._store, self._lead_id = store, lead_id

    def __getattr__(self, name: str) -> Any:
        """All else is the store's."""
        return getattr(self._store, name)

    async def due_until(self, now: datetime, limit: int) -> list[DueRow]:
        """See `LeadStore.due_until`."""
        return [row for row in await self._store.due_until(now, limit) if row.lead_id == self._lead_id]

    async def scored_otherwise(self, version: str, limit: int) -> list[str]:
        """See `LeadStore.scored_otherwise`."""
        return [one for one in await self._store.scored_otherwise(version, limit) if one == self._lead_id]


class Publisher:
    """Keeps what was published, and the lead as it was then; refuses while `is_down`."""

    def __init__(self) -> None:
        """Nothing is out."""
        self.published: list[tuple[Lead, Event]] = []
        self.is_down = False

    async def publish(self, lead: Lead, events: Any) -> None:
        """See `EventPublisher.publish`."""
        if self.is_down:
            raise BusUnavailable("switched off")
        self.published += [(lead, event) for event in events]

    async def close(self) -> None:
        """Nothing to let go of."""


class Provider:
    """Facts about the sample firms."""

    async def facts_of(self, domain: str) -> dict[str, Any]:
        """See `FactProvider.facts_of`."""
        return dict(FACTS.get(domain, {}))

    async def close(self) -> None:
        """Nothing to let go of."""


class Table:
    """What an adapter writes, as the SDK would be given it."""

    def __init__(self) -> None:
        """Nothing is written."""
        self.written: list[Entity] = []

    async def create_table(self) -> None:
        """It is there."""

    async def put(self, entity: Entity) -> None:
        """As `ShardedTable.put`."""
        self.written.append(dict(entity))

    async def create_entity(self, entity: Entity) -> dict[str, str]:
        """As `TableClient.create_entity`."""
        self.written.append(dict(entity))
        return {"etag": "1"}

    async def upsert_entity(self, entity: Entity, mode: Any) -> None:
        """As `TableClient.upsert_entity`."""
        self.written.append(dict(entity))


class Town:
    """The store, a desk for each of the two policies, and what was made of them."""

    def __init__(self) -> None:
        """Nothing has happened."""
        numbers = itertools.count(1)
        self.store, self.publisher = Store(), Publisher()
        self.activity, self.spill = MemoryQueue(), MemoryQueue()
        self.source, self.ledger = MemoryMarketplaceTable(), MemoryImportLedger()
        self.desk = Desk(
            store=self.store,
            publisher=self.publisher,
            activity=self.activity,
            spill=self.spill,
            unread=MemoryUnread(),
            policy=load_policy(HERE / "policy.toml"),
            id_key=LEADS_ID_KEY.encode(),
            new_id=lambda: f"operation-{next(numbers):04d}",
            chance=lambda: 0.0,
            facts=Provider(),
            takeover=Takeover(self.source, self.ledger),
        )
        self.shipped = dataclasses.replace(self.desk, policy=load_policy(), takeover=None)
        self.ids: dict[str, str] = {}
        self.about: dict[str, str] = {}
        self.pushes: list[dict[str, Any]] = []
        self.activities: list[dict[str, Any]] = []

    # What happens to a lead

    async def push(
        self, body: dict[str, Any], at: datetime, slug: str | None = None, desk: Any = None
    ) -> str:
        """Partner Center pushes; the id of the lead."""
        desk = desk or self.desk
        push = parse_push(json.dumps(body, ensure_ascii=False).encode())
        return (await receive_or_spill(desk, push, slug=slug, at=at)).lead_id

    def name(self, body: dict[str, Any], slug: str | None = None) -> str:
        """Note whose lead a push is, and about which offer; the id of the lead."""
        push = parse_push(json.dumps(body, ensure_ascii=False).encode())
        offer, lead_id = named(self.desk, push, slug)
        email = push.contact.email
        person = email and person_of(email, self.desk.id_key)
        self.pushes.append({"body": body, "slug": slug, "offer": offer, "leadId": lead_id, "person": person})
        return lead_id

    async def open(
        self, name: str, about: str, at: datetime, kind: str = "D2", *, desk: Any = None, **members: Any
    ) -> str:
        """A lead of that kind (grade) is pushed, and gets a name."""
        body = a_push(name, kind, **members)
        self.ids[name], self.about[name] = await self.push(body, at, desk=desk), about
        return self.ids[name]

    async def scored(self, name: str, about: str, at: datetime, kind: str = "D2", **members: Any) -> str:
        """The same, and the subscription hears of it."""
        lead_id = await self.open(name, about, at, kind, **members)
        await self.score(lead_id, at + SOON, desk=members.get("desk"))
        return lead_id

    async def score(self, lead_id: str, at: datetime, desk: Any = None) -> None:
        """The subscription hears of every push that is out."""
        for number in (await self.lead(lead_id)).bookkeeping.events_unpublished:
            await score_lead(desk or self.desk, lead_id, at=at, heard=number)

    async def touch(self, lead_id: str, name: str, at: datetime, kind: str, **members: Any) -> None:
        """The same person pushes again, and is scored again."""
        if await self.push(a_push(name, kind, **members), at) != lead_id:
            raise AssertionError(f"another lead: {name}")
        await self.score(lead_id, at + SOON)

    async def clock(self, lead_id: str, at: datetime, desk: Any = None) -> None:
        """The clock runs, with no other lead in sight."""
        alone = OnlyLead(self.store, lead_id)
        view = dataclasses.replace(desk or self.desk, store=alone, rules_watch=RulesWatch(), takeover=None)
        await clock_service.run_due(view, at)

    async def called(self, lead_id: str, by: str, at: datetime, **told: Any) -> None:
        """Somebody followed up."""
        await report_follow_up(self.desk, lead_id, FollowUpReport(by=by, at=at, **told), at=at)

    async def did(self, lead_id: str, type_: str, at: datetime, **told: Any) -> None:
        """The customer did something, and is scored again."""
        await report_interaction(self.desk, lead_id, InteractionReport(type=type_, at=at, **told), at=at)
        await self.score(lead_id, at + SOON)

    async def set(self, lead_id: str, at: datetime, desk: Any = None, **wanted: Any) -> None:
        """Somebody changes the lead by hand."""
        instant = {"at": wanted.pop("reached")} if "reached" in wanted else {}
        await update_lead(desk or self.desk, lead_id, LeadUpdate(**wanted, **instant), at=at)

    async def lead(self, lead_id: str) -> Lead:
        """The lead, or its tombstone."""
        stored = await self.store.tombstone_of(lead_id) or await self.store.get(lead_id)
        return stored.lead

    # What goes wrong

    @contextmanager
    def bus_down(self) -> Iterator[None]:
        """Topic and queues take nothing."""
        self.publisher.is_down = True
        yield
        self.publisher.is_down = False

    @contextmanager
    def broken(self, call: str, failure: Exception) -> Iterator[None]:
        """The store fails at one call."""
        self.store.broken[call] = failure
        yield
        del self.store.broken[call]

    # What CRMs report by the queue

    async def told(self, name: str, at: datetime, body: dict[str, Any], **properties: Any) -> None:
        """A CRM reports by the queue, and the trigger takes it; both are kept for `messages.json`."""
        sent = ServiceBusMessage(
            json.dumps(body, ensure_ascii=False),
            message_id=f"crm-{name}",
            content_type="application/json",
            application_properties={"crm": "fabrikam", **properties},
        )
        message = delivered(wired(sent), at)
        before = set(self.store.rows)
        refused = len(self.activity.refused)
        with patch.object(activity, "desk", lambda: self.desk), patch.object(activity, "utc_now", lambda: at):
            await TRIGGERS["take_activity"].get_user_function()(message)
        read = activity_of(message.get_body(), message.message_id, at)
        events = sorted(
            event_of(self.store.rows[key]).id
            for key in set(self.store.rows) - before
            if key[1].startswith("event!")
        )
        self.activities.append(
            {
                "name": name,
                "at": wire(at),
                "message": wired(sent),
                "read": {"leadId": read.lead_id, "email": read.email, "report": report_of(read.report)},
                "events": events,
                "refusal": self.activity.refused[-1].refusal
                if len(self.activity.refused) > refused
                else None,
            }
        )


def a_push(name: str, kind: str = "D2", **members: Any) -> dict[str, Any]:
    """A push as Partner Center sends it; what isn't None in `members` replaces, `person` the customer's."""
    members.pop("desk", None)
    fit, intent = kind
    domain = "outlook.com" if fit in FREE else "contoso.com"
    person = {"FirstName": "Ada", "LastName": "Contoso", "Email": f"ada.{name}@{domain}", "Country": "US"}
    return {
        "UserDetails": {**person, **FIT[fit], **members.pop("person", {})},
        "OfferTitle": "Contoso CRM",
        **INTENT[intent],
        **members,
    }


# The stories: every state that a lead can have


async def era_of_the_shipped_policy(town: Town) -> None:
    """Leads that the shipped policy took, deadline, score and retention by its rules."""
    desk = town.shipped
    await town.scored("shipped-a1", "scored by the shipped policy; nobody called", ERA, "A1", desk=desk)
    firm = {"Email": "ada.shipped@fabrikam.com", "Company": "Fabrikam, Inc.", "Title": "IT Director"}
    await town.scored(
        "shipped-facts",
        "scored by the shipped policy, with facts of a provider",
        ERA,
        "A2",
        desk=desk,
        person=firm,
    )
    lead_id = await town.scored("shipped-lost", "lost; to be erased after 730 days", ERA, "C3", desk=desk)
    await town.set(lead_id, ERA + HOUR, desk, status=LeadStatus.LOST, reason=CloseReason.BUDGET, by="sam")
    lead_id = await town.scored("rescored", "scored again when the golden policy came", ERA, "B1", desk=desk)
    await town.clock(lead_id, END - 3 * HOUR)
    await town.clock(lead_id, END - 3 * HOUR + MINUTE)
    lead_id = await town.scored("to-rescore", "asked to be scored by the golden policy", ERA, "B3", desk=desk)
    with patch.object(clock_service, "score_lead", failing):
        await town.clock(lead_id, END - MINUTE)


async def new_leads(town: Town) -> None:
    """From the push to the score."""
    await town.open("new", "pushed three seconds ago: no score yet", END - 3 * SOON / 2, "B2")
    await town.scored("scored", "scored; waiting for a call", END - 5 * HOUR, "D3")
    with town.bus_down():
        lead_id = await town.open(
            "unpublished", "scored by the clock; no event is out", END - 10 * MINUTE, "A4"
        )
        await town.clock(lead_id, END - 9 * MINUTE)
        await town.clock(lead_id, END - 7 * MINUTE)
    await town.scored(
        "backup",
        "by the model for one offer",
        END - 2 * HOUR,
        "A2",
        LeadSource=f"AppSource-INS|{BACKUP}",
        OfferTitle="Contoso Backup",
    )
    trial = {"LeadSource": f"TestDrive-StartTestDrive|{CRM}", "ActionCode": "StartTestDrive"}
    await town.scored(
        "test-drive", "by the model for test drives; goes to a team by the fixed order", END - HOUR, **trial
    )
    test = {
        "FirstName": "MSFT_TEST_Ada",
        "LastName": "MSFT_TEST_Contoso",
        "Email": "MSFT_TEST_ada@contoso.com",
    }
    await town.open("test", "a test lead of Partner Center", END - HOUR, person=test)
    lead_id = await town.open(
        "test-then-real",
        "a test lead, then a real push",
        END - HOUR,
        "B2",
        person={"FirstName": "MSFT_TEST_Ada"},
    )
    await town.touch(lead_id, "test-then-real", END - 30 * MINUTE, "B2")


async def statuses(town: Town) -> None:
    """Every status, with milestones and reasons."""
    at = END - 6 * HOUR
    lead_id = await town.scored("qualified", "qualified by hand", at, "A2")
    await town.set(lead_id, at + MINUTE, status=LeadStatus.QUALIFIED, by="sam")
    lead_id = await town.scored("contacted", "called once; the cadence plans the next contact", at, "B3")
    await town.called(
        lead_id,
        "sam",
        at + HOUR,
        channel="phone",
        note="Asked for a quote: 5 seats.",
        outcome="reached",
        id="call-1",
    )
    lead_id = await town.scored("nurturing", "nurturing, the next contact planned by the caller", at, "C4")
    await town.called(lead_id, "sam", at + HOUR, next_contact_at=END + 14 * DAY)
    await town.set(lead_id, at + 2 * HOUR, status=LeadStatus.NURTURING, by="sam")
    lead_id = await town.scored("won", "won, with the instant that the CRM told", at, "A1")
    await town.set(lead_id, at + 2 * HOUR, status=LeadStatus.WON, by="crm", reached=at + HOUR, id="deal-1")
    lead_id = await town.scored("taken-back", "won, then lost", at, "B1")
    await town.set(lead_id, at + HOUR, status=LeadStatus.WON, by="sam")
    await town.set(lead_id, at + 2 * HOUR, status=LeadStatus.LOST, reason=CloseReason.TIMELINE_TOO_SHORT)
    await town.called(lead_id, "sam", at + 3 * HOUR)
    lead_id = await town.scored("no-response", "lost after two calls that nobody answered", at, "D2")
    for number in (1, 2):
        await town.called(lead_id, "sam", at + number * HOUR, outcome="voicemail", id=f"try-{number}")
    await town.set(lead_id, at + 3 * HOUR, status=LeadStatus.LOST, reason=CloseReason.NO_RESPONSE, by="sam")
    for status, reason in (
        (LeadStatus.LOST, CloseReason.OTHER_VENDOR),
        (LeadStatus.LOST, CloseReason.REQUIREMENT_UNMET),
        (LeadStatus.DISQUALIFIED, CloseReason.NOT_A_CUSTOMER),
        (LeadStatus.DISQUALIFIED, CloseReason.ABUSE),
        (LeadStatus.DISQUALIFIED, None),
    ):
        name = f"{status}-{reason or 'unsaid'}"
        lead_id = await town.open(name, f"{status}: {reason or 'no reason said'}; never scored", at, "D4")
        await town.set(lead_id, at + MINUTE, status=status, reason=reason, by="sam")
    lead_id = await town.scored("reopened", "lost, and the customer came back", at, "B4")
    await town.set(lead_id, at + MINUTE, status=LeadStatus.LOST, reason=CloseReason.OTHER_VENDOR, by="sam")
    await town.touch(lead_id, "reopened", at + HOUR, "B1")


async def permissions(town: Town) -> None:
    """Must not be contacted, or may again."""
    forbids = {"ActionCode": "DNC", "LeadSource": f"AzureMarketplace-DNC|{CRM}"}
    at = END - 8 * HOUR
    await town.scored("dnc", "asked for another partner with the first push", at, "A4", **forbids)
    lead_id = await town.scored("dnc-by-hand", "forbidden by hand: loses its owner", at, "A1")
    await town.set(lead_id, at + MINUTE, do_not_contact=True, by="sam")
    await town.score(lead_id, at + MINUTE + SOON)
    await town.clock(lead_id, at + 2 * MINUTE)
    lead_id = await town.scored(
        "dnc-lifted", "forbidden by a push, asked for a call by a later one", at, "B4", **forbids
    )
    await town.touch(lead_id, "dnc-lifted", at + HOUR, "B1")
    lead_id = await town.scored(
        "dnc-lifted-by-hand", "forbidden by a push, allowed by hand", at, "C1", **forbids
    )
    await town.set(lead_id, at + MINUTE, do_not_contact=False, by="sam")
    await town.clock(lead_id, at + 2 * MINUTE)


async def alarms(town: Town) -> None:
    """Follow-ups that wait, were warned of, missed, escalated; contacts that were planned."""
    lead_id = await town.scored("warned", "warned: the deadline is near", END - 21 * HOUR, "B3")
    await town.clock(lead_id, END - 30 * MINUTE)
    lead_id = await town.scored("missed", "missed; the owner lost it to the next", END - 25 * HOUR, "C2")
    for at in (END - 5 * HOUR, END - 50 * MINUTE, END - 49 * MINUTE):
        await town.clock(lead_id, at)
    lead_id = await town.scored("escalated", "missed and escalated, as far as it goes", END - 60 * HOUR, "C3")
    for hours in (41, 36, 35, 33, 11):
        await town.clock(lead_id, END - hours * HOUR)
    lead_id = await town.scored(
        "planned-due", "the planned contact fell due: reminded, waiting again", END - 10 * DAY
    )
    await town.called(lead_id, "sam", END - 9 * DAY, next_contact_at=END - 3 * HOUR)
    await town.clock(lead_id, END - 2 * HOUR)
    lead_id = await town.scored("late-call", "missed, then called", END - 30 * HOUR, "D2")
    await town.clock(lead_id, END - 5 * HOUR)
    await town.called(lead_id, "sam", END - 2 * HOUR)


async def owners(town: Town) -> None:
    """Owners by rules and turns, by hand, and one that is still asked for."""
    at = END - 4 * HOUR
    for number in range(1, 4):
        await town.scored(
            f"dach-{number}",
            "to a team by turns, with the deadline of its calendar",
            at + number * MINUTE,
            "D2",
            person={"Country": "Germany"},
        )
    firm = {"Email": "ada.account@fabrikam.com", "Company": "Fabrikam Inc"}
    await town.scored("account", "to the owner of a named account", at, "A3", person=firm)
    lead_id = await town.scored("by-hand", "owner by hand, one with a team", at, "B3")
    await town.set(lead_id, at + HOUR, owner="bea", by="sam")
    lead_id = await town.scored("unowned", "the owner was taken away by hand", at, "B3")
    await town.set(lead_id, at + HOUR, owner="zoe", by="sam")
    await town.set(lead_id, at + 2 * HOUR, owner=None)
    with town.broken("rota_for", StoreUnavailable("switched off")):
        await town.scored(
            "assign-outstanding", "an owner is asked for and not found yet", END - 2 * SOON, "D2"
        )
    lead_id = await town.open("assign-parked", "finding an owner failed too often", END - HOUR, "D2")
    with town.broken("rota_for", StoreUnavailable("switched off")):
        await town.score(lead_id, END - HOUR + SOON)
    with patch.object(clock_service, "assign", failing):
        for minutes in (50, 40, 30, 20):
            await town.clock(lead_id, END - minutes * MINUTE)


async def setbacks(town: Town) -> None:
    """Work that failed: put off, and parked."""
    at = END - 8 * DAY
    lead_id = await town.open("score-put-off", "scoring failed once", END - MINUTE, "B2")
    with patch.object(clock_service, "score_lead", failing):
        await town.clock(lead_id, END - 30 * SOON / 2)
    lead_id = await town.open(
        "score-parked", "scoring failed too often: gets its owner all the same", END - HOUR
    )
    with patch.object(clock_service, "score_lead", failing):
        for minutes in (50, 40, 30, 20):
            await town.clock(lead_id, END - minutes * MINUTE)
    await town.clock(lead_id, END - 10 * MINUTE)
    lead_id = await town.scored(
        "missed-parked", "flagging the miss failed too often; the warning too", END - 30 * HOUR, "B4"
    )
    with patch.object(clock_service, "raise_alarm", failing):
        for minutes in (30, 21, 12):
            await town.clock(lead_id, END - minutes * MINUTE)
    lead_id = await town.scored("escalation-put-off", "the escalation failed once", END - 26 * HOUR, "B4")
    await town.clock(lead_id, END - 2 * HOUR)
    with patch.object(clock_service, "raise_alarm", failing):
        await town.clock(lead_id, END - HOUR)
    lead_id = await town.scored("reminder-put-off", "the reminder of a planned contact failed twice", at)
    await town.called(lead_id, "sam", at + HOUR, next_contact_at=END - HOUR)
    with patch.object(clock_service, "raise_alarm", failing):
        await town.clock(lead_id, END - 30 * MINUTE)
        await town.clock(lead_id, END - 20 * MINUTE)
    lead_id = await town.scored(
        "purge-parked", "to be erased, which failed too often", ERA, "D4", desk=town.shipped
    )
    await town.set(lead_id, END - DAY, status=LeadStatus.LOST, reason=CloseReason.OTHER, reached=ERA + DAY)
    with patch.object(clock_service, "purge", failing):
        for hours in (3, 2, 1):
            await town.clock(lead_id, END - hours * HOUR)


async def behaviour(town: Town) -> None:
    """Touches, interactions, facts, reports."""
    at = END - 3 * DAY
    lead_id = await town.scored(
        "touched", "touched three times; blanks are filled, the newest value wins", at, "D3"
    )
    await town.called(lead_id, "ivy", at + MINUTE)
    await town.touch(
        lead_id, "touched", at + HOUR, "C2", person={"Country": "", "LastName": "Contoso-Fabrikam"}
    )
    await town.touch(
        lead_id,
        "touched",
        at + DAY,
        "D1",
        Description='Campaigns: {"utm_source": "newsletter", "utm_id": 7, "tags": ["a", "ß"]}',
    )
    await town.touch(lead_id, "touched", END - HOUR, "D4", Description="Third time: call me!\nThanks")
    lead_id = await town.scored("trail", "interactions with text, object, ids and neither", at, "A3")
    await town.did(lead_id, "pricing_page_visited", at + HOUR, detail="Enterprise plan", id="visit-1")
    await town.did(
        lead_id,
        "pricing_page_visited",
        at + 2 * HOUR,
        detail={"plan": "Enterprise", "seats": [5, 10.5, None]},
    )
    await town.did(lead_id, "page_visited", at + 3 * HOUR)
    await town.did(lead_id, "of_our_own", at + 4 * HOUR, detail="é" * 500, id="own-1", by="site")
    await town.touch(lead_id, "trail", END - 90 * MINUTE, "A3")
    firm = {"Email": "ada.facts@fabrikam.com", "Company": "Fabrikam, Inc."}
    lead_id = await town.scored("facts", "facts of a provider, set right by a CRM", at, "B2", person=firm)
    told = {"industry": "manufacturing", "person.rank": "vp", "seats": 12, "rating": 4.0, "partner": False}
    await report_facts(town.desk, lead_id, FactReport(facts=told, by="crm", id="facts-1"), at=at + HOUR)
    await town.clock(lead_id, at + HOUR + MINUTE)
    later = {"seats": 12.0, "note": "prefers e-mail"}
    await report_facts(town.desk, lead_id, FactReport(facts=later), at=at + 2 * HOUR)
    await town.clock(lead_id, at + 2 * HOUR + MINUTE)
    for name, offer in (("two-offers-crm", CRM), ("two-offers-backup", BACKUP)):
        await town.scored(
            name,
            "one of two leads of a person",
            END - 2 * HOUR,
            "B2",
            person={"Email": "ada.two-offers@contoso.com"},
            LeadSource=f"AzureMarketplace-INS|{offer}",
        )
    report = InteractionReport(type="email_opened", at=END - HOUR, id="mail-1")
    for lead in await report_interaction_of(town.desk, " ADA.two-offers@contoso.com", report, at=END - HOUR):
        await town.score(lead.id, END - HOUR + SOON)


async def texts(town: Town) -> None:
    """Not in ASCII, and long."""
    at = END - 2 * HOUR
    person = {
        "FirstName": "  Łucja 'Zoë'\u00a0",
        "LastName": "Müller-Ñandú 田中 😀",
        "Email": "Ada+Łucja@Contoso.COM ",
        "Company": "コントソ株式会社 " + "&Söhne " * 150,
        "Country": "Österreich",
        "Title": "مدير تقنية المعلومات",
        "Phone": "+43 1 5550100",
    }
    await town.scored(
        "unicode",
        "in many scripts; the company is cut at 1,000 characters",
        at,
        person=person,
        OfferTitle="Contoso CRM für Azure\u2028",
        Description='Bitte rückrufen "morgen" \\ früh\n\u0001\u2029 שלום 🦊 e\u0301',
        LeadSource="Eigene Quelle-INS|Contoso CRM",
        unknown={"kept": [1, 2.5, True, None, {"ß": "\ufeff"}]},
    )
    note = "".join(f"{number}: naïve “quoted” 🦉 text; " for number in range(300))[:6_500]
    lead_id = await town.scored(
        "long",
        "long texts: several json columns, also of its event",
        at,
        "B3",
        Description=note,
        kept="k" * 10_000,
    )
    await town.called(lead_id, "sam", at + HOUR, note="l" * 300)


async def identities(town: Town) -> None:
    """Whom a push is about, and about which offer."""
    nothing = dict.fromkeys(("FirstName", "LastName", "Email", "Phone", "Country", "Company", "Title"), "")
    for number, (person, members, slug) in enumerate(
        (
            ({"Email": "ADA.CONTOSO@contoso.com "}, {}, None),
            ({"Email": "ada.contoso@contoso.com"}, {}, "Contoso.Contoso-Backup"),
            ({"Email": "ada.contoso+crm@contoso.com"}, {}, None),
            ({"Email": "\uff41\uff44\uff41.contoso@contoso.com"}, {"LeadSource": "AppSource"}, None),
            (
                {"Email": "ada.contoso@contoso.com"},
                {"LeadSource": "", "OfferTitle": "Contoso CRM für Azure"},
                None,
            ),
            (
                {"Email": "ada.contoso@contoso.com"},
                {"LeadSource": "", "OfferTitle": "An Offer: Ünknown"},
                None,
            ),
            ({"Email": "ada.contoso@contoso.com"}, {"LeadSource": "", "OfferTitle": ""}, None),
            ({"Email": "ada.contoso@contoso.com"}, {"LeadSource": "SPZA-INS|12345", "OfferTitle": ""}, None),
            ({**nothing, "LastName": "Contoso", "Phone": "(425) 555-0100", "Country": "US"}, {}, None),
            ({**nothing, "LastName": " CONTOSO ", "Phone": "+1-425-555-0100", "Email": "n/a"}, {}, None),
            ({**nothing, "LastName": "Fabrikam", "Phone": "+1-425-555-0100"}, {}, None),
            ({**nothing, "LastName": "Contoso", "Phone": "089 5550100", "Country": "Germany"}, {}, None),
            ({**nothing, "FirstName": "Ada", "LastName": "Contoso", "Company": "Contoso  Ltd"}, {}, None),
            (
                {
                    **nothing,
                    "FirstName": "ADA",
                    "LastName": "contoso",
                    "Company": "contoso ltd",
                    "Phone": "1",
                },
                {},
                None,
            ),
            ({**nothing, "LastName": "Contoso", "Company": "Fabrikam, Inc."}, {}, None),
            (nothing, {}, None),
            (nothing, {"Description": "Please call: 🦊"}, None),
            (nothing, {"Description": "Please call: 🦊", "OfferTitle": "Contoso Backup"}, "a-slug-of-ours"),
            ({"Email": "ada@sales.fabrikam.com"}, {}, None),
            ({"Email": "not an address"}, {}, None),
            ({"Email": "Ada <ada@fabrikam.com>"}, {}, None),
            ({"Email": "ada@contoso.onmicrosoft.com", "Company": "Fabrikam"}, {}, None),
        ),
        1,
    ):
        body = a_push(f"identity-{number}", "B2", person=person, **members)
        lead_id = town.name(body, slug)
        if number in STORED_IDENTITIES:
            town.ids[f"identity-{number}"] = lead_id
            town.about[f"identity-{number}"] = f"of push {number} of those that show identities"
            await town.push(body, END - 2 * HOUR, slug)
            await town.score(lead_id, END - HOUR)
    town.name({"userdetails": json.dumps({"e-mail": "ada.flat@contoso.com"}), "offer_title": "contoso crm"})


def a_row(number: int, created: datetime, written_at: datetime | None = None, **columns: Any) -> SourceRow:
    """A row as Partner Center leaves it in a table."""
    customer = {
        "FirstName": "Ada",
        "LastName": "Contoso",
        "Email": f"ada.row{number}@contoso.com",
        "Country": "US",
    }
    told = {
        "ActionCode": "INS",
        "CreatedTime": f"{created:%m/%d/%Y %H:%M:%S}",
        "CustomerInfo": json.dumps(customer),
        "Description": "",
        "LeadSource": f"AzureMarketplace-INS|{CRM}",
        "OfferDisplayName": "Contoso CRM",
    }
    partition = f"{created.month}:2F{created.day}:2F{created.year}"
    row = f"00000000-0000-4000-8000-{number:012}"
    return SourceRow(partition, row, written_at or created, {**told, **columns})


async def imports(town: Town) -> None:
    """Rows of a table of Partner Center: history, touches, leads to be called, and rows that are no leads."""
    live = await town.scored(
        "import-touch", "a live lead; an older push of it came from the table", END - 2 * DAY, "B2"
    )
    old = datetime(2025, 11, 3, 8, tzinfo=UTC)
    customer = json.dumps({"Email": "ada.import-touch@contoso.com", "FirstName": "Adeline"})
    repaired = json.dumps({"Email": "ada.repaired@contoso.com"})
    for row in (
        a_row(1, old),
        a_row(
            2, old + DAY, CustomerInfo=json.dumps({"Email": "ada.row1@contoso.com", "Company": "Contoso Ltd"})
        ),
        a_row(3, old, CustomerInfo=customer),
        a_row(4, old, CustomerInfo="no JSON at all"),
        a_row(5, old, **dict.fromkeys(("ActionCode", "CustomerInfo", "LeadSource", "OfferDisplayName"), "")),
        a_row(6, old, CustomerInfo="{", LeadSource=f"TestDrive-StartTestDrive|{CRM}"),
    ):
        town.source.put(row)
    switched_on = END - DAY
    await take_over(town.desk, lambda: switched_on)
    town.source.put(a_row(6, old, END - 2 * HOUR, CustomerInfo=repaired))
    town.source.put(a_row(7, END - 2 * HOUR))
    await take_over(town.desk, lambda: END - HOUR)
    emails = {
        "imported": ("ada.row1@contoso.com", "two old rows: history, nobody has to call"),
        "imported-repaired": ("ada.repaired@contoso.com", "an old row that was refused at first"),
        "imported-fresh": ("ada.row7@contoso.com", "a row of today: somebody has to call"),
    }
    for name, (email, about) in emails.items():
        (lead_id,) = await town.store.leads_of(person_of(email, town.desk.id_key), 2)
        town.ids[name], town.about[name] = lead_id, about
        await town.clock(lead_id, END - 50 * MINUTE)
    await town.clock(live, END - 50 * MINUTE)


async def spilled(town: Town) -> None:
    """Pushes that waited in the queue `spill`."""
    lead_id = await town.scored(
        "spill-touch", "an older push came late, by way of the queue", END - HOUR, "B3"
    )
    bodies = {
        "spilled": (a_push("spilled", "A2", Description="wartet auf 🦊"), "first push by way of the queue"),
        "spill-touch": (a_push("spill-touch", "A1", person={"Company": "Contoso Limited"}), ""),
    }
    for number, (name, (body, about)) in enumerate(bodies.items()):
        town.store.is_away = True
        pushed = await town.push(body, END - (120 - number) * MINUTE, slug=None if number else CRM)
        town.store.is_away = False
        if about:
            town.ids[name], town.about[name] = pushed, about
        message = copy_of(town.spill.sent[-1])
        now = END - 30 * MINUTE
        with (
            patch.object(spill, "desk", lambda: town.desk),
            patch.object(spill, "utc_now", lambda now=now: now),
        ):
            await TRIGGERS["receive_spilled"].get_user_function()(delivered(wired(message), now))
        await town.score(pushed, now + SOON)
    if pushed != lead_id:
        raise AssertionError("another lead")


async def erasures(town: Town) -> None:
    """Tombstones, and customers who came back."""
    at = END - 30 * SOON / 2
    before = END - 5 * HOUR
    lead_id = await town.scored("erased-owed", "a tombstone that still owes its event", before, "A1")
    with town.bus_down():
        await erase_person(town.desk, "ADA.erased-owed@contoso.com", at=at)
    lead_id = await town.scored("erased-told", "a tombstone whose event is out, in its minute", before, "B2")
    await erase_lead(town.desk, lead_id, at=at)
    await town.scored("erased-begun", "a tombstone whose old events are still there", before, "B2")
    with town.broken("erase_events", StoreUnavailable("switched off")), suppress(StoreUnavailable):
        await erase_person(town.desk, "ada.erased-begun@contoso.com", at=at)
    lead_id = await town.scored(
        "erased-put-off", "a tombstone that tries again: the bus is down", before, "B2"
    )
    with town.bus_down():
        await erase_lead(town.desk, lead_id, at=END - 5 * MINUTE)
        await town.clock(lead_id, END - 3 * MINUTE)
    for name, about in (
        ("back", "came back: a new life, the old events not removed yet"),
        ("back-swept", "came back: the old events are removed"),
    ):
        lead_id = await town.scored(name, about, before, "B2")
        with town.broken("erase_events", StoreUnavailable("switched off")), suppress(StoreUnavailable):
            await erase_lead(town.desk, lead_id, at=END - 4 * HOUR)
        await town.open(name, about, END - 4 * HOUR + SOON, "A1")
        await town.score(lead_id, END - 4 * HOUR + 2 * SOON)
    await town.clock(lead_id, END - 3 * HOUR)
    lead_id = await town.scored(
        "retained", "its time was up: a tombstone by retention", ERA, "C4", desk=town.shipped
    )
    reached = END - 30 * DAY - 10 * SOON
    await town.set(lead_id, END - DAY, status=LeadStatus.LOST, by="sam", reached=reached)
    await town.score(lead_id, END - DAY + SOON)
    await town.clock(lead_id, END - 5 * SOON)


async def reports(town: Town) -> None:
    """What a CRM reports by the queue: each type by id and by address, and what is refused."""
    at = END - 3 * HOUR
    lead_id = await town.scored("crm", "reports of a CRM by the queue, by its id", at, "A2")
    mail = (
        await town.lead(await town.scored("crm-email", "reports of a CRM by address", at, "B1"))
    ).contact.email
    planned = wire(END + 3 * DAY)
    by_id: list[tuple[str, dict[str, Any]]] = [
        (
            "follow-up",
            {"type": "follow_up", "by": " sam ", "at": "2026-03-20T11:00:00+01:00", "channel": "phone"},
        ),
        (
            "follow-up-all",
            {
                "type": "follow_up",
                "by": "sam",
                "at": wire(at + HOUR),
                "channel": "mail",
                "note": "n" * 20,
                "outcome": "reached",
                "nextContactAt": planned,
                "id": "f-2",
            },
        ),
        (
            "interaction",
            {"type": "interaction", "interaction": "trial_used", "detail": {"minutes": 12}, "by": "site"},
        ),
        (
            "interaction-text",
            {
                "type": "interaction",
                "interaction": "quote_requested",
                "detail": "5 seats",
                "id": "i-2",
                "at": wire(at),
            },
        ),
        (
            "facts",
            {
                "type": "facts",
                "facts": {"industry": "retail", "person": {"rank": "director"}, "seats": 7},
                "by": "crm",
            },
        ),
        (
            "status",
            {"type": "status", "status": "nurturing", "at": wire(at + HOUR), "by": "crm", "id": "s-1"},
        ),
        ("status-owner", {"type": "status", "owner": "gus", "doNotContact": False, "by": "crm"}),
        ("status-lost", {"type": "status", "status": "lost", "reason": "budget", "by": "crm", "unknown": 1}),
    ]
    for number, (name, body) in enumerate(by_id):
        await town.told(
            name, END - (60 - number) * MINUTE, {"leadId": lead_id, **body}, region="emea", urgent=True
        )
    by_email: list[tuple[str, dict[str, Any]]] = [
        ("email-follow-up", {"type": "follow_up", "by": "sam"}),
        ("email-interaction", {"type": "interaction", "interaction": "page_visited", "id": "i-3"}),
        ("email-facts", {"type": "facts", "facts": {"partner": True}}),
        ("email-status", {"type": "status", "status": "qualified"}),
    ]
    for number, (name, body) in enumerate(by_email):
        await town.told(name, END - (50 - number) * MINUTE, {"email": (mail or "").upper(), **body})
    await town.told("refused", END - 40 * MINUTE, {"type": "follow_up", "leadId": "a" * 24, "by": "sam"})
    await town.told(
        "repeated",
        END - 39 * MINUTE,
        {"type": "follow_up", "email": mail, "by": "sam", "id": "crm-email-follow-up"},
    )
    for one in (lead_id, town.ids["crm-email"]):
        await town.clock(one, END - 20 * MINUTE)


STORIES: tuple[Callable[[Town], Awaitable[None]], ...] = (
    era_of_the_shipped_policy,
    new_leads,
    statuses,
    permissions,
    alarms,
    owners,
    setbacks,
    behaviour,
    texts,
    imports,
    spilled,
    identities,
    erasures,
    reports,
)


async def failing(*_: Any, **__: Any) -> None:
    """A bug of ours, as far as the clock can see."""
    raise RuntimeError("broken for the golden files")


# What is written


async def rows_of(town: Town) -> list[Entity]:
    """Every row of table `Leads`, by its keys."""
    store = town.store
    rows = [dict(row) for row in store.rows.values()]
    rows += [rota_entity(store._rota), *(seat_entity(one, seat) for one, seat in store._seats.items())]
    table = Table()
    for desk in (town.desk, town.shipped):
        scoring = desk.policy.scoring
        await desk_rows.keep_rules(table, version_of(scoring), written(scoring))
    await desk_rows.keep_clock_run(table, END)
    stored = await town.ledger.load()
    if stored is None:
        raise AssertionError("the import was switched on")
    begun = replace(
        stored.state, switched_on_at=END - DAY, passes=0, taken=41, known=0, watermark=None, last_pass_at=None
    )
    page = json.dumps({"PartitionKey": "1!12!OS8yOA--", "RowKey": "1!48!MDAw"})
    under_way = msgspec.convert({"beganAt": wire(END - HOUR), "continuation": page, "rows": 41}, town_pass())
    states = (stored.state, replace(begun, under_way=under_way), replace(begun, taken=0))
    for origin, state in zip(ORIGINS, states, strict=True):
        await TableImportLedger(table, origin).save(None, state)
    for refused in await town.ledger.parked(MOST):
        await TableImportLedger(table, ORIGINS[0]).park(refused)
    return sorted([*rows, *table.written], key=lambda row: (row["PartitionKey"], row["RowKey"]))


def town_pass() -> type:
    """The type of a pass under way, which only the state of an import names."""
    from shared.marketplace.import_state import Pass

    return Pass


async def expected(town: Town) -> dict[str, Any]:
    """What this version shows of the rows."""
    begin, end = ERA - 365 * DAY, END
    lists = {status: await listed(town, LeadStatus(status)) for status in ("won", "lost", "disqualified")}
    return {
        "idKey": LEADS_ID_KEY,
        "at": wire(END),
        "leads": {name: await expected_lead(town, name) for name in sorted(town.ids)},
        "lists": {"open": await listed(town, None), **lists},
        "due": [due_wire(row) for row in await town.store.due_until(END - timedelta(), MOST)],
        "parked": [due_wire(row) for row in await town.store.parked(MOST)],
        "scoredOtherwise": await town.store.scored_otherwise(version_of(town.desk.policy.scoring), MOST),
        "stats": {
            "from": wire(begin),
            "to": wire(end),
            "stats": wire(await lead_stats(town.desk, begin, end)),
        },
        "pushes": town.pushes,
    }


async def listed(town: Town, status: LeadStatus | None) -> list[str]:
    """The ids of a list, in its order."""
    return list((await town.store.open_by_worth(LeadFilter(status=status), MOST, None)).lead_ids)


async def expected_lead(town: Town, name: str) -> dict[str, Any]:
    """A lead, the keys of its index rows, and its score at the end and later; some of it whole."""
    lead_id = town.ids[name]
    lead = await town.lead(lead_id)
    wire_of, shown = lead_on_the_wire(lead), name in SHOWN or lead.is_erased
    stored = {member: one for member, one in wire(lead).items() if member != "bookkeeping"}
    expect(wire_of == stored)
    found = {
        "about": town.about[name],
        "id": lead_id,
        "isTombstone": lead.is_erased,
        "firstEvent": first_event(lead),
        "events": [event.number for event in await town.store.events_of(lead_id)],
        "index": [row.key for row in index_rows(lead)],
        "scores": [] if lead.is_erased else await scores_of(town, lead, shown=shown),
    }
    return {**found, "wire": wire_of} if shown else found


async def scores_of(town: Town, lead: Lead, *, shown: bool) -> list[dict[str, Any]]:
    """What `replayed_score` gives from the lead's events, by its own rules now and later, by others now."""
    events = await town.store.events_of(lead.id, first=first_event(lead))
    golden, shipped = town.desk.policy.scoring, town.shipped.policy.scoring
    own = shipped if lead.score and lead.score.policy == version_of(shipped) else golden
    if lead.score:
        told = [event for event in events if event.type is EventType.SCORED][-1]
        before = [event for event in events if event.number < told.number]
        if "facts" not in told.data:  # those are told with the score that counts them first
            expect(replayed_score(before, own, told.time) == lead.score)
    asked = ((own, END), (own, LATER), (golden if own is shipped else shipped, END))
    return [score_wire(replayed_score(events, rules, at), at, shown=shown) for rules, at in asked]


def score_wire(score: Score, at: datetime, *, shown: bool) -> dict[str, Any]:
    """A score, of its ledger the points by rule; whole if it is `shown`."""
    whole = wire(score)
    points = {line["rule"]: line["points"] for line in whole["ledger"]}
    return {"at": wire(at), **whole} if shown else {"at": wire(at), **whole, "ledger": points}


def events_of(town: Town) -> dict[str, Any]:
    """Each type of event in each variant of its members, stored and published; one body a type is enough."""
    found: dict[tuple[str, ...], tuple[Lead, Event]] = {}
    for lead, event in town.publisher.published:
        if len(msgspec.json.encode(event)) < 3_000:
            found.setdefault((event.type.value, *variant_of(event)), (lead, event))
    events, types = [], set[str]()
    for key in sorted(found):
        lead, event = found[key]
        message = wired(published_message(lead, event))
        body = message.pop("body")
        expect(body == encoded({"lead": lead_on_the_wire(lead), "event": event_on_the_wire(event)}))
        message |= {"body": body} if event.type not in types else {}
        types.add(event.type)
        events.append({"type": key[0], "variant": key[1:], "stored": encoded(event), "message": message})
    return {"events": events, "shortened": shortened(town)}


def variant_of(event: Event) -> Iterator[str]:
    """The members of an event's data, those that are null, and the words and kinds that make variants."""
    for name, value in sorted(event.data.items()):
        if name in ("to", "because") and event.type not in (EventType.STATUS_CHANGED, EventType.ASSIGNED):
            yield f"{name}={value}"
        elif name == "detail" or value is None:
            yield f"{name}:{type(value).__name__}"
        else:
            yield name


def encoded(value: Any) -> str:
    """As a row holds it."""
    return msgspec.json.encode(value).decode()


def shortened(town: Town) -> dict[str, Any]:
    """A message that would be too large: how to make it, and what is left of it."""
    lead, event = next(one for one in town.publisher.published if one[1].type.value == "lead.scored")
    facts = {f"fact{number}": "x" * 1000 for number in range(210)}
    large = replace(lead, enrichment=replace(lead.enrichment, facts=facts))
    message = wired(published_message(large, event))
    if len(message["body"]) > LARGEST_BODY or '"shortened":true' not in message["body"]:
        raise AssertionError("it isn't shortened")
    return {
        "how": "`lead` with 210 facts from outside, fact0 to fact209, each of 1,000 letters x",
        "lead": encoded(lead),
        "stored": encoded(event),
        "message": message,
    }


async def messages_of(town: Town) -> dict[str, Any]:
    """The messages of our queues and our subscription."""
    first = town.activities[0]["message"]
    original = message_of(delivered(first, END - HOUR), END - HOUR)
    queue = MemoryQueue()
    await put_off(queue, original, ACTIVITY, END)
    copies = [copy_of(queue.put_off[0][1], queue.put_off[0][0])]
    third = dataclasses.replace(original, attempts=2)
    await put_off(queue, third, ACTIVITY, END)
    copies.append(copy_of(queue.put_off[1][1], queue.put_off[1][0]))
    copies.append(copy_of(dataclasses.replace(third, refusal=ACTIVITY.given_up)))
    copies.append(copy_of(town.activity.refused[0]))
    odd = {"number": 2**40, "list": [1, "a"], "nothing": None, "float": 1.5, "yes": True}
    addressing = {
        "session_id": "s-1",
        "correlation_id": "c-1",
        "reply_to": "replies",
        "to": "activity",
        "subject": "told",
    }
    copies.append(copy_of(dataclasses.replace(original, properties=odd, addressing=addressing)))
    spills = [copy_of(message) for message in town.spill.sent]
    again = dataclasses.replace(town.spill.sent[0], attempts=3)
    spill_copies = [copy_of(again, END), copy_of(dataclasses.replace(again, refusal="The body is empty."))]
    heard = [
        one
        for one in town.publisher.published
        if one[1].type.value in ("lead.received", "lead.touched", "lead.interacted")
    ]
    subscription = [wired(published_message(*one)) for one in (heard[0], heard[-1])]
    return {
        "activity": town.activities,
        "activityCopies": [{"message": wired(one), "read": read_back(one)} for one in copies],
        "spill": [{"message": wired(one), "read": read_back(one), "leadId": one.subject} for one in spills],
        "spillCopies": [{"message": wired(one), "read": read_back(one)} for one in spill_copies],
        "subscription": [
            {
                "message": one,
                "read": dict(zip(("leadId", "number"), lead_and_number(one["messageId"]), strict=True)),
            }
            for one in subscription
        ],
    }


def read_back(message: ServiceBusMessage) -> dict[str, Any]:
    """What the triggers make of a copy, its body aside, which must be the same."""
    sent = wired(message)
    read = message_of(delivered(sent, END), END)
    expect(read.body.decode() == sent["body"])
    return {
        "messageId": read.message_id,
        "sentAt": wire(read.sent_at),
        "attempts": read.attempts,
        "refusal": read.refusal,
        "properties": dict(read.properties),
        "addressing": dict(read.addressing),
    }


def policies_of(town: Town) -> dict[str, Any]:
    """The version of the rules, the rules as kept, and the other tables as read; `inf` is no JSON: texts."""
    return {
        name: {
            "version": version_of(policy.scoring),
            "written": written(policy.scoring),
            "others": json.dumps(other_tables(policy), ensure_ascii=False),
        }
        for name, policy in (("golden", town.desk.policy), ("shipped", town.shipped.policy))
    }


def other_tables(policy: Policy) -> dict[str, Any]:
    """All tables but the rules, as read."""
    told: dict[str, Any] = msgspec.to_builtins(policy, enc_hook=_duration)
    return {name: table for name, table in told.items() if name != "scoring"}


def settings_of() -> dict[str, Any]:
    """Environments, and what was read; of secrets the SHA-256 of their UTF-8."""
    bus = "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=leads;SharedAccessKey=Z29sZGVu"
    account = (
        "DefaultEndpointsProtocol=https;AccountName={};AccountKey=Z29sZGVu;EndpointSuffix=core.windows.net"
    )
    every = {
        "LEADS_STORAGE": account.format("contosoleads"),
        "LEADS_STORAGE__tableServiceUri": "",
        "LEADS_TABLE": "Leads",
        "LEADS_BUS": bus,
        "LEADS_BUS__fullyQualifiedNamespace": "",
        "LEADS_TOPIC": "leads",
        "LEADS_SCORING_SUBSCRIPTION": "scoring",
        "LEADS_ACTIVITY_QUEUE": "activity",
        "LEADS_SPILL_QUEUE": "spill",
        "LEADS_ID_KEY": LEADS_ID_KEY,
        "LEADS_POLICY": POLICY,
        "LEADS_CLOCK_SCHEDULE": "0 */2 * * * *",
        "LEADS_FACTS_URL": "https://facts.fabrikam.com/v1/firms/{domain}?fields=all",
        "LEADS_FACTS_MAP": "industry=company.industry, employees=company.employees, tag=tags.0",
        "LEADS_FACTS_HEADER": "x-api-key: a key of the golden files",
        "LEADS_FACTS_BUDGET": "3s",
        "MARKETPLACE_TABLE_STORAGE": account.format("contosomarketplace"),
    }
    by_identity = {
        **every,
        "LEADS_STORAGE__tableServiceUri": "https://contosoleads.table.core.windows.net",
        "LEADS_BUS__fullyQualifiedNamespace": "contoso.servicebus.windows.net",
        "MARKETPLACE_TABLE_STORAGE": "https://contosomarketplace.table.core.windows.net",
        "LEADS_CLOCK_SCHEDULE": "*/30 * 8-17 * * 1-5",
        "LEADS_FACTS_HEADER": "",
        "LEADS_FACTS_BUDGET": "",
    }
    least = {
        name: text
        for name, text in every.items()
        if name.startswith("LEADS_") and "__" not in name and "FACTS" not in name and name != "LEADS_POLICY"
    }
    found = {"connectionStrings": every, "byIdentity": by_identity, "least": least}
    return {
        name: {"environment": environment, "settings": settings_wire(read_settings(environment))}
        for name, environment in found.items()
    }


def settings_wire(read: Settings) -> dict[str, Any]:
    """The settings by the names of their fields, durations in seconds."""
    told = {field.name: getattr(read, field.name) for field in dataclasses.fields(read)}
    for name in ("storage", "bus", "marketplace"):
        told[name] = told[name] and digest(told[name].encode())
    told["id_key"] = digest(read.id_key)
    told["policy"] = read.policy and read.policy.as_posix()
    told["clock_period"] = read.clock_period.total_seconds()
    if read.facts is not None:
        facts = {field.name: getattr(read.facts, field.name) for field in dataclasses.fields(read.facts)}
        headers = {name: digest(text.encode()) for name, text in read.facts.headers.items()}
        told["facts"] = {**facts, "headers": headers, "budget": read.facts.budget.total_seconds()}
    return told


# Values as JSON


def wire(value: Any) -> Any:
    """A value of ours as JSON has it: instants RFC 3339 UTC."""
    return msgspec.to_builtins(value)


def due_wire(row: DueRow) -> dict[str, Any]:
    """A due row, in camelCase."""
    return {"at": wire(row.at), "kind": row.kind.value, "leadId": row.lead_id, "since": wire(row.since)}


def report_of(report: Any) -> dict[str, Any]:
    """A report by the names of its fields, with its class; what is unset is left out."""
    return {"kind": type(report).__name__, **msgspec.to_builtins(report)}


def wired(message: ServiceBusMessage) -> dict[str, Any]:
    """A message as it goes to the bus: body, properties, and what of the standard ones is set."""
    told = {
        "body": str(message),
        "messageId": message.message_id,
        "sessionId": message.session_id,
        "partitionKey": message.partition_key,
        "subject": message.subject,
        "contentType": message.content_type,
        "correlationId": message.correlation_id,
        "to": message.to,
        "replyTo": message.reply_to,
        "replyToSessionId": message.reply_to_session_id,
        "scheduledEnqueueTimeUtc": wire(message.scheduled_enqueue_time_utc),
        "applicationProperties": dict(message.application_properties or {}),
    }
    return {name: one for name, one in told.items() if one is not None}


def delivered(message: dict[str, Any], at: datetime) -> func.ServiceBusMessage:
    """The same as the platform hands it over, enqueued at an instant."""
    own = message["applicationProperties"]
    values = {
        "DeliveryCount": 1,
        "SequenceNumber": 7,
        "EnqueuedTimeUtc": wire(at),
        "ExpiresAtUtc": wire(at + 14 * DAY),
        "ApplicationProperties": own,
        "UserProperties": own,
    }
    names = (
        "messageId",
        "sessionId",
        "partitionKey",
        "subject",
        "contentType",
        "correlationId",
        "to",
        "replyTo",
    )
    texts = {name[0].upper() + name[1:]: message[name] for name in names if name in message}
    if "subject" in message:
        texts["Label"] = message["subject"]
    datums = {name: Datum(json.dumps(value), "json") for name, value in values.items()}
    datums |= {name: Datum(text, "string") for name, text in {"LockToken": "t", **texts}.items()}
    return ServiceBusMessageInConverter.decode(
        Datum(message["body"].encode(), "bytes"), trigger_metadata=datums
    )


def digest(secret: bytes) -> str:
    """What stands for a secret."""
    return f"sha256:{hashlib.sha256(secret).hexdigest()}"


def _duration(value: object) -> str:
    if isinstance(value, Duration):
        return f"{value.total_seconds():.0f}s"
    raise NotImplementedError(type(value))


def lines_of(value: Any, depth: int = 2, indent: str = "") -> str:
    """JSON that a diff can show: the outer levels a member a line, the rest compact."""
    if depth and isinstance(value, dict | list) and value:
        inner = indent + " "
        if isinstance(value, dict):
            parts = [f"{json.dumps(name)}: {lines_of(one, depth - 1, inner)}" for name, one in value.items()]
        else:
            parts = [lines_of(one, depth - 1, inner) for one in value]
        left, right = "{}" if isinstance(value, dict) else "[]"
        return f"{left}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{right}"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# The way back


async def read_back_rows(rows: list[Entity], town: Town) -> None:
    """What was written is what this version reads: values, rows, lists, books, rules, import."""
    store = Store()
    for row in rows:
        partition, key = row["PartitionKey"], row["RowKey"]
        kind = key.partition("!")[0]
        if partition == "rota":
            is_rota = key == "rota"
            expect(
                (rota_of(row) == town.store._rota)
                if is_rota
                else (seat_of(row) == town.store._seats[key[5:]])
            )
        elif partition == "rules":
            expect(version_of(read_scoring(rules_of(row))) == key)
        elif partition == PARTITION and kind == "refused":
            expect(_refused_of(row) in await town.ledger.parked(MOST))
        elif partition in "0123456789abcdef":
            expect(row == town.store.rows[partition, key])
            expect_value(kind, row)
            store.rows[partition, key] = row
    expect(store.rows == town.store.rows)


def expect_value(kind: str, row: Entity) -> None:
    """A row of a lead decodes, and encodes to the same."""
    match kind:
        case "lead":
            lead, index = lead_of(row)
            expect(index == index_rows(lead))
            for one in index:
                expect(msgspec.convert(msgspec.to_builtins(one), IndexRow) == one)
                expect(index_entity(lead.id, one)["RowKey"] == one.key)
        case "event":
            expect(event_on_the_wire(event_of(row))["number"] == int(row["RowKey"].rpartition("!")[2]))
        case "once":
            expect(mark_of(row).key in row["RowKey"])


def expect(is_so: object) -> None:
    """Stop at what isn't as written."""
    if not is_so:
        raise AssertionError("the files don't read back to what was stored")


def expect_everything(town: Town, rows: list[Entity], made: dict[str, Any]) -> None:
    """Nothing that the files promise is missing."""
    leads = [lead_of(row)[0] for row in rows if row["RowKey"].startswith("lead!")]
    grades = {lead.score.grade for lead in leads if lead.score}
    expect(len(grades) == 16)
    expect({lead.status for lead in leads} == set(LeadStatus))
    reasons = {lead.close_reason for lead in leads}
    expect(reasons == {None, *CloseReason})
    kept = [lead.bookkeeping for lead in leads]
    kinds = {kind for one in kept for kind in one.setbacks}
    expect(kinds == set(DueKind) - {DueKind.PARKED})
    expect({lead.id for lead in leads} == set(town.ids.values()))
    for row in rows:
        expect(all(isinstance(value, str | int | bool) for value in row.values()))
    expect(len({one["type"] for one in made["events.json"]["events"]}) == 11)


@asynccontextmanager
async def a_town() -> AsyncIterator[Town]:
    """A town in which all stories happened."""
    town = Town()
    for story in STORIES:
        await story(town)
    yield town


async def main() -> None:
    """Write the files, and read them back."""
    logging.disable()  # what fails here fails on purpose
    async with a_town() as town:
        rows = await rows_of(town)
        made = {
            "rows.json": {"table": "Leads", "rows": rows},
            "events.json": events_of(town),
            "messages.json": await messages_of(town),
            "policy.json": policies_of(town),
            "expected.json": await expected(town),
            "settings.json": settings_of(),
        }
        for name, value in made.items():
            (HERE / name).write_text(lines_of(value) + "\n", encoding="utf-8")
            expect(json.loads((HERE / name).read_text(encoding="utf-8")) == json.loads(json.dumps(value)))
        await read_back_rows(json.loads((HERE / "rows.json").read_text(encoding="utf-8"))["rows"], town)
        expect_everything(town, rows, made)


if __name__ == "__main__":
    asyncio.run(main())
