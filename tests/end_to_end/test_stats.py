"""Figures over the real host: they follow what happens to leads, under a key."""

from tests.end_to_end.conftest import person
from tests.samples import push_body


async def test_figures_follow_the_leads_of_an_offer_to_call_and_alarm(caller, subscriber):
    _, called = await caller.push(push_body(Email=person("counted-called")), path="/counted")
    _, missed = await caller.push(push_body(Email=person("counted-missed")), path="/counted")
    await caller.push(push_body(Email="MSFT_TEST_77@test.com"), path="/counted")
    await caller.api("POST", f"leads/{called['leadId']}/follow-ups", json={"by": "sam"})
    await subscriber.until(missed["leadId"], "lead.follow_up_missed")
    body = await caller.get("stats")
    (counted,) = [group for group in body["byOffer"] if group["offer"] == "counted"]
    assert counted.pop("p50Seconds") in range(5)
    assert counted == {
        "offer": "counted",
        "leads": 2,
        "answered": 1,
        "neverAnswered": 0.5,
        "missedNow": 1,
        "qualified": 0,
        "won": 0,
    }
    assert sum(body["funnel"].values()) == body["leads"] >= 2


async def test_figures_need_a_key_that_is_not_the_one_for_pushes(caller):
    status, _ = await caller.call("GET", f"{caller.facts['apiUrl']}/stats")
    push_key = caller.facts["pushUrl"].partition("code=")[2]
    refused, _ = await caller.call("GET", f"{caller.facts['apiUrl']}/stats?code={push_key}")
    assert (status, refused) == (401, 401)


async def test_figures_of_an_instant_are_taken_with_a_plus_that_nobody_encoded(caller):
    body = await caller.get("stats?from=2026-01-01T09:00:00+09:00&to=2026-01-02")
    assert (body["from"], body["to"]) == ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
