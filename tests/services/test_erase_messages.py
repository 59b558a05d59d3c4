"""Unread messages about a person go with them, and pushes of theirs that wait in a queue."""

import pytest

from shared.messaging.queue import copy_of
from shared.services.erase import Removed, erase_lead, erase_person
from shared.services.errors import BusUnavailable
from shared.services.ports import UnreadMessage
from shared.services.queries import get_lead
from shared.services.receive import Intake, identify
from shared.services.spill import receive_spilled, spill_message
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryUnread
from tests.samples import NOW
from tests.services.erasure import AT, EMAIL, MINUTE, lived, pushed, said_by, unread


async def test_a_push_that_waits_is_found_by_the_id_of_its_lead_also_if_it_has_no_address():
    context = a_context()
    lead_id = await pushed(context, Email="n/a")
    waiting = spill_message(Intake(a_push(Email="n/a"), NOW, "backup"), lead_id)
    context.unread.messages.append(unread(copy_of(waiting)))
    assert await erase_lead(context, "a" * 24, now=AT) == Removed()
    assert (await erase_lead(context, lead_id, now=AT)).messages == 1


async def test_unread_messages_go_and_a_bus_that_is_away_is_told():
    ada, eva = (
        UnreadMessage([], f'{{"email": "{name}@fabrikam.example"}}'.encode()) for name in ("ada", "eva")
    )
    context = a_context(unread=MemoryUnread([ada, eva], is_down=True))
    await lived(context)
    with pytest.raises(BusUnavailable):
        await erase_person(context, EMAIL, now=AT)
    context.unread.is_down = False
    assert await erase_person(context, EMAIL, now=AT) == Removed(messages=1)
    assert context.unread.messages == [eva]


@pytest.mark.parametrize("email", [EMAIL, "n/a"], ids=["by address", "by id"])
async def test_a_push_of_before_that_comes_out_of_a_queue_meanwhile_is_erased_too(email):
    class Late(MemoryUnread):
        async def delete_matching(self, matches):
            while context.spill.sent:
                await receive_spilled(context, context.spill.sent.pop(), AT + MINUTE)
            return await super().delete_matching(matches)

    context = a_context(unread=Late())
    push = a_push(Email=email)
    intake = Intake(push, NOW, "backup")
    lead_id = identify(context, intake).lead_id
    await context.spill.send(spill_message(intake, lead_id))
    request = erase_person(context, email, now=AT) if email == EMAIL else erase_lead(context, lead_id, now=AT)
    assert (await request).leads == 1
    assert "ada" not in said_by(context)


async def test_a_customer_who_comes_back_while_messages_are_looked_for_stays():
    class Slow(MemoryUnread):
        async def delete_matching(self, matches):
            await pushed(context, at=AT)
            return await super().delete_matching(matches)

    context = a_context(unread=Slow())
    lead_id = await pushed(context)
    await erase_person(context, EMAIL, now=AT)
    assert (await get_lead(context, lead_id, AT)).received_at == AT
