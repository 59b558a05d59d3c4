"""What every lead store promises about seats and the books, in memory and on a real table."""

import asyncio

import pytest

from shared.policy.routing import MOST_MEMBERSHIPS
from shared.routing.workload import Assignment, Workload
from shared.services.errors import LeadChanged
from shared.services.ports import StoredWorkload
from shared.storage.rows import workload_entity
from tests.storage.stores import ABSENT, LIMIT_OF_A_ROW


async def test_a_seat_is_kept_with_the_books_and_counted_once(store):
    read = await store.rota_for(ABSENT)
    assert (read.rota, read.etag, read.seat) == (Workload(), None, None)
    seat = Assignment(request=1, owner="ann", team="desk", rule="all", because="so", is_turn=True)
    await store.keep_seat(read, ABSENT, seat)
    read = await store.rota_for(ABSENT)
    assert (read.seat, read.rota.open_leads, read.rota.last_turns) == (seat, {"ann": 1}, {"desk": {"ann": 1}})
    other = await store.rota_for("b" * 24)
    assert (other.seat, other.rota) == (None, read.rota)
    await store.keep_seat(read, ABSENT, Assignment(request=2))
    read = await store.rota_for(ABSENT)
    assert (read.seat, read.rota.open_leads, read.rota.turns_taken) == (Assignment(request=2), {}, 1)


@pytest.mark.parametrize("seats_before", [0, 1])
async def test_of_many_who_take_a_seat_at_once_one_wins(store, seats_before):
    for _ in range(seats_before):
        await store.keep_seat(await store.rota_for(ABSENT), ABSENT, Assignment(request=1, owner="ann"))
    read = await store.rota_for("b" * 24)
    takers = [store.keep_seat(read, letter * 24, Assignment(request=1, owner="bob")) for letter in "bcdef"]
    outcomes = await asyncio.gather(*takers, return_exceptions=True)
    assert sorted(map(repr, outcomes)).count("None") == 1
    assert {type(one) for one in outcomes} == {type(None), LeadChanged}
    assert (await store.rota_for("b" * 24)).rota.open_leads["bob"] == 1


async def test_the_largest_books_that_a_policy_allows_fit_into_a_row(store):
    """Names of 200 characters, MOST_MEMBERSHIPS of them, each with a turn and open leads."""
    names = [f"{number:04d}".ljust(200, "x") for number in range(MOST_MEMBERSHIPS)]
    rota = Workload(last_turns={"desk": dict.fromkeys(names, 10**6)}, open_leads=dict.fromkeys(names, 10**5))
    row = workload_entity(rota)
    assert sum(len(text.encode("utf-16-le")) for text in row.values()) < LIMIT_OF_A_ROW
    read = await store.rota_for(ABSENT)
    await store.keep_seat(
        StoredWorkload(rota, read.etag, None), ABSENT, Assignment(request=1, owner=names[0])
    )


async def test_a_seat_is_left_once_and_makes_room(store):
    await store.keep_seat(
        await store.rota_for(ABSENT), ABSENT, Assignment(request=1, owner="ann", is_turn=True)
    )
    read = await store.rota_for(ABSENT)
    await store.leave_seat(read, ABSENT)
    with pytest.raises(LeadChanged):
        await store.leave_seat(read, ABSENT)
    read = await store.rota_for(ABSENT)
    assert (read.seat, read.rota.open_leads, read.rota.turns_taken) == (None, {}, 1)
    await store.leave_seat(read, ABSENT)
