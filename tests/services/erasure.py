"""What tests of an erasure start from, and where they look for what is left."""

from datetime import timedelta

from shared.leads.commands import ReportFollowUp
from shared.leads.events import EventType
from shared.services.commands import report_follow_up
from shared.services.ports import UnreadMessage
from shared.services.receive import Intake, receive
from shared.services.score import score_lead
from shared.typed_json import to_plain
from tests.builders import a_push
from tests.samples import NOW, ROUND_ROBIN

MINUTE = timedelta(minutes=1)
EMAIL = " Ada@FABRIKAM.example"
AT = NOW + MINUTE
OWNED = ROUND_ROBIN


async def pushed(context, slug="backup", at=NOW, **changes):
    return (await receive(context, Intake(a_push(**changes), at, slug))).lead_id


async def lived(context, slug="backup", **changes):
    """A lead with an owner and a history."""
    lead_id = await pushed(context, slug, **changes)
    await score_lead(context, lead_id, now=NOW, published_number=1)
    await report_follow_up(context, lead_id, ReportFollowUp(by="sam", at=NOW, note="rang Ada"), now=NOW)
    return lead_id


def rows_of(context, lead_id):
    return [row for (_, row) in context.lead_store.rows if lead_id in row]


def said_by(context):
    """Everything that is stored, as one text."""
    kept = [
        *context.lead_store.rows.items(),
        *map(to_plain, context.lead_store._assignments.values()),
    ]
    return str(kept).casefold()


def unread(message):
    """A message of the SDK as it lies in its queue."""
    said = (message.message_id, message.subject, *message.application_properties.values())
    return UnreadMessage([one for one in said if isinstance(one, str)], b"".join(message.body))


def told(context):
    return [event for event in context.publisher.published if event.type is EventType.ERASED]


def expect_gone(context, lead_id):
    assert rows_of(context, lead_id) == []
    assert (context.lead_store._assignments, context.lead_store._workload.open_leads) == ({}, {})
    assert len({event.id for event in told(context)}) == 1
    assert "ada" not in said_by(context)
