"""Facts from outside: they count when they come, and a score never waits for them."""

from datetime import timedelta

import pytest

from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.services.score import score_lead
from tests.builders import a_context, a_push
from tests.samples import NOW


class Provider:
    """Answers from a dictionary, and remembers what it was asked."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    async def list_facts(self, domain):
        self.asked.append(domain)
        return self.answers.get(domain, {})

    async def close(self):
        pass


async def scored(context, **changes):
    lead_id = (await receive(context, Intake(a_push(**changes), NOW))).lead_id
    await score_lead(context, lead_id, now=NOW)
    return (await context.lead_store.get(lead_id)).lead


async def test_facts_about_the_firm_count_and_say_where_they_came_from():
    context = a_context(facts=Provider({"fabrikam.example": {"industry": "Software", "employees": 40}}))
    lead = await scored(context)
    assert lead.enrichment.facts == {"industry": "Software", "employees": 40}
    assert lead.enrichment.provenance["industry"].from_ == "provider"
    assert any(line.rule == "software-industry" for line in lead.score.ledger)


async def test_a_provider_that_breaks_its_promise_costs_no_score():
    class Broken(Provider):
        async def list_facts(self, domain):
            raise RuntimeError("a bug")

    lead = await scored(a_context(facts=Broken({})))
    assert lead.score is not None
    assert lead.enrichment.facts == {}


@pytest.mark.parametrize("email", ["ada@gmail.com", "ada@mailinator.com", "no address", ""])
async def test_nobody_is_asked_about_a_private_address(email):
    context = a_context(facts=Provider({}))
    await scored(context, Email=email)
    assert context.facts.asked == []


async def test_facts_that_were_known_stay_when_the_provider_falls_silent():
    context = a_context(facts=Provider({"fabrikam.example": {"industry": "Software"}}))
    lead = await scored(context)
    context.facts.answers = {}
    later = NOW + timedelta(hours=1)
    await receive(context, Intake(a_push(ActionCode="PLT"), later))
    await run_due(context, later + timedelta(minutes=1))
    again = (await context.lead_store.get(lead.id)).lead
    assert again.enrichment.facts == {"industry": "Software"}
    assert any(line.rule == "software-industry" for line in again.score.ledger)


async def test_a_lead_that_is_scored_already_asks_nobody():
    context = a_context(facts=Provider({}))
    lead = await scored(context)
    await score_lead(context, lead.id, now=NOW, published_number=1)
    assert context.facts.asked == ["fabrikam.example"]
