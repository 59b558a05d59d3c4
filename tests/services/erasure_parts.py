"""What tests of an erasure start from, and where they look for what is left."""

from datetime import timedelta

import msgspec

from shared.leads.attention import FollowUpReport
from shared.leads.events import EventType
from shared.services.follow_up import report_follow_up
from shared.services.ports import UnreadMessage
from shared.services.receive import receive
from shared.services.score import score_lead
from tests.examples import NOW, a_push
from tests.pure.test_assignment import TEXT

MINUTE = timedelta(minutes=1)
EMAIL = " Ada@FABRIKAM.example"
AT = NOW + MINUTE
OWNED = TEXT


async def pushed(desk, slug="backup", at=NOW, **changes):
    return (await receive(desk, a_push(**changes), slug=slug, at=at)).lead_id


async def lived(desk, slug="backup", **changes):
    """A lead with an owner and a history."""
    lead_id = await pushed(desk, slug, **changes)
    await score_lead(desk, lead_id, at=NOW, heard=1)
    await report_follow_up(desk, lead_id, FollowUpReport(by="sam", at=NOW, note="rang Ada"), at=NOW)
    return lead_id


def rows_of(desk, lead_id):
    return [row for (_, row) in desk.store.rows if lead_id in row]


def said_by(desk):
    """Everything that is stored, as one text."""
    kept = [*desk.store.rows.items(), *map(msgspec.to_builtins, desk.store._seats.values())]
    return str(kept).casefold()


def unread(message):
    """A message of the SDK as it lies in its queue."""
    said = (message.message_id, message.subject, *message.application_properties.values())
    return UnreadMessage([one for one in said if isinstance(one, str)], b"".join(message.body))


def told(desk):
    return [event for event in desk.publisher.published if event.type is EventType.ERASED]


def expect_gone(desk, lead_id):
    assert rows_of(desk, lead_id) == []
    assert (desk.store._seats, desk.store._rota.open_leads) == ({}, {})
    assert len({event.id for event in told(desk)}) == 1
    assert "ada" not in said_by(desk)
