"""Unread messages about a person go with them, and pushes of theirs that wait in a queue."""

import pytest

from shared.messaging.memory import MemoryUnread
from shared.messaging.message_queue import copy_of
from shared.services.erase import erase_lead, erase_person
from shared.services.ports import BusUnavailable, UnreadMessage
from shared.services.purge import Removed
from shared.services.read import get_lead
from shared.services.receive import named
from shared.services.spill import receive_spilled, spilled
from tests.examples import NOW, a_desk, a_push
from tests.services.erasure_parts import AT, EMAIL, MINUTE, lived, pushed, said_by, unread


async def test_a_push_that_waits_is_found_by_the_id_of_its_lead_also_if_it_has_no_address():
    desk = a_desk()
    lead_id = await pushed(desk, Email="n/a")
    waiting = spilled(a_push(Email="n/a"), lead_id, "backup", NOW)
    desk.unread.messages.append(unread(copy_of(waiting)))
    assert await erase_lead(desk, "a" * 24, at=AT) == Removed()
    assert (await erase_lead(desk, lead_id, at=AT)).messages == 1


async def test_unread_messages_go_and_a_bus_that_is_away_is_told():
    ada, eva = (
        UnreadMessage([], f'{{"email": "{name}@fabrikam.example"}}'.encode()) for name in ("ada", "eva")
    )
    desk = a_desk(unread=MemoryUnread([ada, eva], is_down=True))
    await lived(desk)
    with pytest.raises(BusUnavailable):
        await erase_person(desk, EMAIL, at=AT)
    desk.unread.is_down = False
    assert await erase_person(desk, EMAIL, at=AT) == Removed(messages=1)
    assert desk.unread.messages == [eva]


@pytest.mark.parametrize("email", [EMAIL, "n/a"], ids=["by address", "by id"])
async def test_a_push_of_before_that_comes_out_of_a_queue_meanwhile_is_erased_too(email):
    class Late(MemoryUnread):
        async def remove(self, is_meant):
            while desk.spill.sent:
                await receive_spilled(desk, desk.spill.sent.pop(), AT + MINUTE)
            return await super().remove(is_meant)

    desk = a_desk(unread=Late())
    push = a_push(Email=email)
    lead_id = named(desk, push, "backup")[1]
    await desk.spill.send(spilled(push, lead_id, "backup", NOW))
    request = erase_person(desk, email, at=AT) if email == EMAIL else erase_lead(desk, lead_id, at=AT)
    assert (await request).leads == 1
    assert "ada" not in said_by(desk)


async def test_a_customer_who_comes_back_while_messages_are_looked_for_stays():
    class Slow(MemoryUnread):
        async def remove(self, is_meant):
            await pushed(desk, at=AT)
            return await super().remove(is_meant)

    desk = a_desk(unread=Slow())
    lead_id = await pushed(desk)
    await erase_person(desk, EMAIL, at=AT)
    assert (await get_lead(desk, lead_id, AT)).received_at == AT
