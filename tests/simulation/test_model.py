"""Every order of two actors on one lead, with faults at every call: as many as a test has time for."""

import pytest

from shared.services.receive import Intake, receive
from simulation.invariants import Erasure
from simulation.model import explore
from simulation.scenarios import SCENARIOS, Scenario, nothing, push
from tests.builders import a_push

SMALL = ("a push and its repeat", "two pushes of one person")
MOST_PATHS = 40  # of the larger ones; `dev.py bench reliability` searches on


@pytest.mark.parametrize("name", SMALL)
def test_no_order_and_no_single_fault_breaks_a_rule(name):
    found = explore(SCENARIOS[name], 1)
    assert found.broken == []
    assert found.is_whole


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in SMALL])
def test_no_order_breaks_a_rule_as_far_as_it_is_searched(name):
    assert explore(SCENARIOS[name], 0, MOST_PATHS).broken == []


def test_an_answer_before_the_commit_is_found():
    async def hasty(environment, context):
        environment.acknowledged.append((environment.lead_id, a_push().as_sent))
        await receive(context, Intake(a_push(), environment.at))

    found = explore(Scenario("hasty", nothing, (hasty, nothing)), 1)
    assert any("stored 0 times" in problem for _, problems in found.broken for problem in problems)


def test_an_erasure_that_leaves_what_came_before_it_is_found():
    async def idle(environment, context):
        erasure = Erasure(begun_after=len(environment.acknowledged))
        environment.erasures.append(erasure)
        await context.lead_store.list_leads_of("a" * 16, 1)
        erasure.surely, erasure.maybe = erasure.begun_after, environment.pushes_begun

    found = explore(Scenario("idle", nothing, (idle, push())), 0)
    assert any("stored 1 times" in problem for _, problems in found.broken for problem in problems)
