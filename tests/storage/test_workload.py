"""What the port of workloads promises, in memory and on a real table."""

import asyncio

import pytest

from shared.policy.routing import MOST_MEMBERSHIPS
from shared.routing.workload import Assignment, Workload
from shared.services.errors import LeadChanged
from shared.services.ports import StoredWorkload
from shared.storage.rows import workload_entity
from tests.storage.conftest import ABSENT, LIMIT_OF_A_ROW


async def test_a_seat_is_kept_with_the_books_and_counted_once(ports):
    read = await ports.workloads.get_workload(ABSENT)
    assert (read.workload, read.etag, read.assignment) == (Workload(), None, None)
    seat = Assignment(request=1, owner="ann", team="desk", rule="all", because="so", is_turn=True)
    await ports.workloads.save_assignment(read, ABSENT, seat)
    read = await ports.workloads.get_workload(ABSENT)
    assert (read.assignment, read.workload.open_leads, read.workload.last_turns) == (
        seat,
        {"ann": 1},
        {"desk": {"ann": 1}},
    )
    other = await ports.workloads.get_workload("b" * 24)
    assert (other.assignment, other.workload) == (None, read.workload)
    await ports.workloads.save_assignment(read, ABSENT, Assignment(request=2))
    read = await ports.workloads.get_workload(ABSENT)
    assert (read.assignment, read.workload.open_leads, read.workload.turns_taken) == (
        Assignment(request=2),
        {},
        1,
    )


@pytest.mark.parametrize("seats_before", [0, 1])
async def test_of_many_who_take_a_seat_at_once_one_wins(ports, seats_before):
    for _ in range(seats_before):
        await ports.workloads.save_assignment(
            await ports.workloads.get_workload(ABSENT), ABSENT, Assignment(request=1, owner="ann")
        )
    read = await ports.workloads.get_workload("b" * 24)
    takers = [
        ports.workloads.save_assignment(read, letter * 24, Assignment(request=1, owner="bob"))
        for letter in "bcdef"
    ]
    outcomes = await asyncio.gather(*takers, return_exceptions=True)
    assert sorted(map(repr, outcomes)).count("None") == 1
    assert {type(one) for one in outcomes} == {type(None), LeadChanged}
    assert (await ports.workloads.get_workload("b" * 24)).workload.open_leads["bob"] == 1


async def test_the_largest_books_that_a_policy_allows_fit_into_a_row(ports):
    """Names of 200 characters, MOST_MEMBERSHIPS of them, each with a turn and open leads."""
    names = [f"{number:04d}".ljust(200, "x") for number in range(MOST_MEMBERSHIPS)]
    rota = Workload(last_turns={"desk": dict.fromkeys(names, 10**6)}, open_leads=dict.fromkeys(names, 10**5))
    row = workload_entity(rota)
    assert sum(len(text.encode("utf-16-le")) for text in row.values()) < LIMIT_OF_A_ROW
    read = await ports.workloads.get_workload(ABSENT)
    await ports.workloads.save_assignment(
        StoredWorkload(rota, read.etag, None), ABSENT, Assignment(request=1, owner=names[0])
    )


async def test_a_seat_is_left_once_and_makes_room(ports):
    await ports.workloads.save_assignment(
        await ports.workloads.get_workload(ABSENT), ABSENT, Assignment(request=1, owner="ann", is_turn=True)
    )
    read = await ports.workloads.get_workload(ABSENT)
    await ports.workloads.delete_assignment(read, ABSENT)
    with pytest.raises(LeadChanged):
        await ports.workloads.delete_assignment(read, ABSENT)
    read = await ports.workloads.get_workload(ABSENT)
    assert (read.assignment, read.workload.open_leads, read.workload.turns_taken) == (None, {}, 1)
    await ports.workloads.delete_assignment(read, ABSENT)
