"""Two actors at work on one lead, and the state they start from. All people are fictitious."""

import contextlib
import json
from collections.abc import Callable, Coroutine
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.contract.messages import activity_of
from shared.leads.commands import ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.lead import LeadStatus
from shared.services.activity import Activity, LeadUnclear, Report, take_activity
from shared.services.commands import update_lead
from shared.services.context import AppContext
from shared.services.erase import erase_person
from shared.services.errors import LeadNotFound, StoreUnavailable
from shared.services.import_leads import import_leads
from shared.services.import_rows import read_imported_row
from shared.services.ports import QueuedMessage
from shared.services.receive import Intake, receive
from shared.services.redelivery import ACTIVITY_REDELIVERY, redeliver
from shared.services.run_due import run_due
from shared.services.score import score_lead
from shared.services.spill import receive_or_spill, receive_spilled, spill_message
from simulation.environment import DAY, MINUTE, SECOND, Act, Environment
from simulation.invariants import Erasure
from tests.builders import a_push
from tests.fakes.table import ports_over
from tests.samples import NOW, a_row

EMAIL = "ada@fabrikam.example"


@dataclass(frozen=True)
class Scenario:
    """Two actors, and the state they start from."""

    name: str
    before: Act
    actors: tuple[Act, Act]
    is_redelivered: bool = False  # the bus or a timer runs an actor that failed again
    at: datetime = NOW + MINUTE


CALL = ReportFollowUp(by="sam", at=NOW, id="call-1")
VISIT = ReportInteraction(type="pricing_page_visited", at=NOW, id="visit-1")
LEADS_AMONG_ROWS = [
    a_row(number, NOW - number * DAY, customer={}, Description=f"row {number}") for number in (1, 2)
]
WON = UpdateLead(status=LeadStatus.WON, by="sam", id="won-1")


async def nothing(environment: Environment, context: AppContext) -> None:
    """An empty desk."""


def push(*, off: timedelta = timedelta(0), **changes: Any) -> Act:
    """The customer presses a button; the clock of the process that takes the push is `off`."""

    async def act(environment: Environment, context: AppContext) -> None:
        body = a_push(**changes)
        environment.pushes_begun += 1
        receipt = await receive_or_spill(context, Intake(body, environment.at + off))
        assert receipt.lead_id
        environment.acknowledged.append((receipt.lead_id, body.as_sent))

    return act


async def a_lead(environment: Environment, context: AppContext) -> None:
    """A lead came a minute ago; its event is published, and it isn't scored yet."""
    environment.pushes_begun += 1
    receipt = await receive(context, Intake(a_push(), NOW))
    assert receipt.lead_id
    environment.acknowledged.append((receipt.lead_id, a_push().as_sent))


async def a_lead_nobody_heard_of(environment: Environment, context: AppContext) -> None:
    """Likewise, but its event isn't published."""
    environment.subscriber.is_down = True
    await a_lead(environment, context)
    environment.subscriber.is_down = False


async def a_scored_lead(environment: Environment, context: AppContext) -> None:
    """A lead that is scored and owned, with all events published."""
    await a_lead(environment, context)
    await score_lead(context, environment.lead_id, now=NOW + SECOND, published_number=1)


async def a_won_lead(environment: Environment, context: AppContext) -> None:
    """A closed lead, so that its retention will end."""
    await a_scored_lead(environment, context)
    await update_lead(context, environment.lead_id, WON, now=NOW + SECOND)


async def rows_to_take_over(environment: Environment, context: AppContext) -> None:
    """Two rows of one person, and a row that isn't a lead."""
    await environment.place([*LEADS_AMONG_ROWS, a_row(3, NOW, customer="{")])


async def a_spilled_push(environment: Environment, context: AppContext) -> None:
    """A push waits in the queue `spill`, since a minute ago."""
    body = a_push()
    environment.spill.sent.append(spill_message(Intake(body, NOW), environment.lead_id))
    environment.acknowledged.append((environment.lead_id, body.as_sent))


async def from_spill(environment: Environment, context: AppContext) -> None:
    """The message of the spilled push is delivered."""
    await receive_spilled(context, environment.spill.sent[0], environment.at)


async def from_bus(environment: Environment, context: AppContext) -> None:
    """The message of the first push wakes the scoring trigger; of a lead that isn't there it is completed."""
    with contextlib.suppress(LeadNotFound):
        await score_lead(context, environment.lead_id, now=environment.at, published_number=1)


async def clock(environment: Environment, context: AppContext) -> None:
    """The timer fires."""
    await run_due(context, environment.at)


async def late_clock(environment: Environment, context: AppContext) -> None:
    """The timer fires when the retention of a closed lead has ended, unless the customer comes back first."""
    environment.erasures.append(Erasure(maybe=1))
    await clock(environment, context)


async def import_step(environment: Environment, context: AppContext) -> None:
    """The timer of the import fires."""
    await import_leads(context, lambda: environment.at)
    arrivals = (read_imported_row(context, row) for row in LEADS_AMONG_ROWS)
    environment.taken_over[:] = [(row.lead_id, row.push.as_sent) for row in arrivals]


async def erase(environment: Environment, context: AppContext) -> None:
    """An admin erases the customer."""
    erasure = Erasure(begun_after=len(environment.acknowledged))
    environment.erasures.append(erasure)
    await erase_person(context, EMAIL, now=environment.at)
    erasure.surely, erasure.maybe = erasure.begun_after, environment.pushes_begun


def activity(report: Report, *, by_address: bool = True) -> Act:
    """A CRM reports by the queue; a report about an unknown person is refused."""

    async def act(environment: Environment, context: AppContext) -> None:
        lead_id, email = (None, EMAIL) if by_address else (environment.lead_id, None)
        with contextlib.suppress(LeadNotFound, LeadUnclear):
            await take_activity(context, Activity(report, lead_id, email), now=environment.at)
            if isinstance(report, ReportFollowUp):
                environment.reports.append((environment.lead_id, report.id or ""))

    return act


class Away:
    """A table that can't be reached."""

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Any call to it."""

        async def call(*_: Any, **__: Any) -> Any:
            raise StoreUnavailable("away")

        return call


def without_table(act: Act) -> Act:
    """The same act by a process that doesn't reach the table."""

    async def act_without(environment: Environment, context: AppContext) -> None:
        await act(environment, replace(context, **ports_over(Away())))

    return act_without


async def call_put_off(environment: Environment, context: AppContext) -> None:
    """A CRM's message comes to a process that doesn't reach the table, and is redelivered."""
    body = {"type": "follow_up", "email": EMAIL, "by": CALL.by, "at": NOW.isoformat()}
    message = QueuedMessage(json.dumps(body).encode(), CALL.id or "", NOW)
    report = activity_of(message.body, message.message_id, message.sent_at)
    with contextlib.suppress(StoreUnavailable):
        await take_activity(replace(context, **ports_over(Away())), report, now=environment.at)
        raise AssertionError("it reached the table")
    await redeliver(context.activity, message, ACTIVITY_REDELIVERY, environment.at)
    environment.reports.append((environment.lead_id, CALL.id or ""))


SECOND_PUSH = push(Description="Call me")
PUSH_AHEAD, PUSH_BEHIND = (push(off=off, Description="Call me") for off in (30 * SECOND, -30 * SECOND))
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("a push and its repeat", nothing, (push(), push())),
        Scenario("two pushes of one person", nothing, (push(), SECOND_PUSH)),
        Scenario("a known person pushes twice", a_scored_lead, (push(Title="CEO"), SECOND_PUSH)),
        Scenario("bus trigger and clock", a_lead, (from_bus, clock)),
        Scenario("bus trigger and a second push", a_lead, (from_bus, SECOND_PUSH)),
        Scenario("the message twice", a_lead, (from_bus, from_bus)),
        Scenario("two clocks: publish, score, assign", a_lead_nobody_heard_of, (clock, clock)),
        Scenario("two clocks: alarms", a_scored_lead, (clock, clock), at=NOW + DAY),
        Scenario("an alarm and a call", a_scored_lead, (clock, activity(CALL)), True, NOW + DAY),
        Scenario("an alarm and a push", a_scored_lead, (clock, SECOND_PUSH), at=NOW + DAY),
        Scenario("a report twice", a_scored_lead, (activity(CALL), activity(CALL)), True),
        Scenario("an interaction and a win", a_scored_lead, (activity(VISIT), activity(WON)), True),
        Scenario("a call that is put off, and itself", a_scored_lead, (call_put_off, activity(CALL)), True),
        Scenario("a push that spills, and its repeat", nothing, (without_table(push()), push())),
        Scenario("a push that spills, and another", a_lead, (without_table(SECOND_PUSH), push(Title="CEO"))),
        Scenario("a spilled push twice", a_spilled_push, (from_spill, from_spill), True),
        Scenario("a spilled push and its repeat", a_spilled_push, (from_spill, push()), True),
        Scenario("a spilled push and another", a_spilled_push, (from_spill, SECOND_PUSH), True),
        Scenario("two imports", rows_to_take_over, (import_step, import_step), True),
        Scenario("an import and a push", rows_to_take_over, (import_step, SECOND_PUSH), True),
        Scenario("an erasure twice", a_scored_lead, (erase, erase)),
        Scenario("an erasure and a push", a_scored_lead, (erase, SECOND_PUSH)),
        Scenario("an erasure and a push by a clock ahead", a_scored_lead, (erase, PUSH_AHEAD)),
        Scenario("an erasure and a push by a clock behind", a_scored_lead, (erase, PUSH_BEHIND)),
        Scenario("an erasure and the bus trigger", a_lead, (erase, from_bus)),
        Scenario("an erasure and a clock", a_lead_nobody_heard_of, (erase, clock)),
        Scenario("an erasure and a call", a_scored_lead, (erase, activity(CALL)), True),
        Scenario("retention and a push", a_won_lead, (late_clock, SECOND_PUSH), at=NOW + 11 * DAY),
    )
}
