"""Scores over the real host: behaviour counts, a preview stores nothing, changed rules score again."""

import asyncio
import json
import signal

import pytest

from shared.policy.load import SHIPPED
from tests.end_to_end.conftest import Caller, new_session, person, scored, start_stack
from tests.samples import push_body, with_rule

CANARY = "canary-7c1f"


def points(lead):
    return {line["rule"]: line["points"] for line in lead["score"]["ledger"]}


async def ids_of_all(caller):
    return {lead["id"] for lead in (await caller.get("leads", limit="200"))["items"]}


async def test_behaviour_by_address_reaches_every_lead_of_the_person_and_is_published(caller, subscriber):
    ids = []
    for offer in ("backup", "vm"):
        _, receipt = await caller.push(push_body(Email=person("active"), ActionCode="x"), path=f"/{offer}")
        ids.append(receipt["leadId"])
        await scored(caller, receipt["leadId"])
    visit = {
        "email": person("active").upper(),
        "type": "pricing_page_visited",
        "detail": {"page": "/pricing"},
    }
    status, answer = await caller.api("POST", "interactions", json=visit)
    assert (status, sorted(answer["leadIds"])) == (200, sorted(ids))
    for lead_id in ids:
        lead = await caller.until(f"leads/{lead_id}", lambda lead: "looked-at-prices" in points(lead))
        assert sum(points(lead).values()) == lead["score"]["total"]
        (told,) = await subscriber.until(lead_id, "lead.interacted")
        assert told.body["event"]["data"]["detail"] == {"page": "/pricing"}


async def test_behaviour_of_one_lead_counts_once_however_often_it_is_reported(caller):
    _, receipt = await caller.push(push_body(Email=person("once"), ActionCode="x"))
    path = f"leads/{receipt['leadId']}"
    report = {"type": "tutorial_watched", "at": "2026-01-01T00:00:00Z", "id": "m-1"}
    answers = await asyncio.gather(
        *(caller.api("POST", f"{path}/interactions", json=report) for _ in range(5))
    )
    assert {status for status, _ in answers} == {200}
    events = (await caller.get(f"{path}/events"))["items"]
    assert [event["type"] for event in events].count("lead.interacted") == 1


async def test_a_preview_answers_facts_and_score_with_the_ledger_and_stores_nothing(caller):
    before = await ids_of_all(caller)
    asked = {
        "push": push_body(Email=person("imagined"), Title="Leiter Einkauf", Country="Deutschland", Phone=""),
        "facts": {"industry": "software"},
        "interactions": [{"type": "pricing_page_visited", "at": "2026-03-01T00:00:00Z"}],
        "policy": SHIPPED.read_text(),
        "at": "2026-03-15T00:00:00Z",
    }
    status, answer = await caller.api("POST", "scoring/preview", json=asked)
    assert status == 200
    assert answer["enrichment"]["person"] == {
        "rank": "director",
        "department": "procurement",
        "buyingRole": "buyer",
    }
    assert answer["enrichment"]["country"] == {"code": "DE", "from": "pushed"}
    assert answer["enrichment"]["timeZone"] == "Europe/Berlin"
    assert answer["enrichment"]["provenance"]["person.rank"]["from"] == "derived"
    assert points(answer)["software-industry"] == 15
    assert points(answer)["looked-at-prices"] == 5
    assert sum(points(answer).values()) == answer["score"]["total"]
    assert answer["score"]["scoredAt"] == "2026-03-15T00:00:00Z"
    again = await caller.api("POST", "scoring/preview", json=asked)
    assert again == (200, answer)
    assert await ids_of_all(caller) == before


async def test_a_stored_lead_is_previewed_by_another_policy(caller):
    _, receipt = await caller.push(push_body(Email=person("stored")))
    lead = await scored(caller, receipt["leadId"])
    status, same = await caller.api("POST", "scoring/preview", json={"leadId": lead["id"]})
    assert (status, same["score"]["ledger"]) == (200, lead["score"]["ledger"])
    asked = {"leadId": lead["id"], "policy": with_rule(points="7")}
    _, other = await caller.api("POST", "scoring/preview", json=asked)
    assert other["score"]["total"] == 7
    assert (await caller.get(f"leads/{lead['id']}"))["score"] == lead["score"]


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("scoring/preview", {}, 400, "needs `push`, `facts` or `leadId`"),
        ("scoring/preview", [], 400, "must be an object"),
        ("scoring/preview", {"push": CANARY}, 400, "`push`"),
        ("scoring/preview", {"push": {}, "policy": "x ="}, 400, "the file must be TOML"),
        ("scoring/preview", {"push": {}, "policy": "[nope]"}, 400, "`nope`"),
        ("scoring/preview", {"push": {}, "at": CANARY}, 400, "`at`"),
        ("scoring/preview", {"push": {}, "at": "2026-03-01T00:00:00"}, 400, "`at`"),
        ("scoring/preview", {"push": {}, "interactions": [{"type": CANARY}]}, 400, "`interactions.0.type`"),
        ("scoring/preview", {"facts": {"industry": [CANARY]}}, 400, "`facts` must be"),
        ("scoring/preview", {"leadId": CANARY}, 400, "`leadId`"),
        ("scoring/preview", {"leadId": "a" * 24, "push": {}}, 400, "beside `leadId`"),
        ("scoring/preview", {"leadId": "a" * 24}, 404, "no lead"),
        ("scoring/preview", {"push": {"x": "y" * 300_000}}, 413, "the limit is 262144"),
        ("interactions", {"email": f"{CANARY}@contoso.example", "type": "call"}, 404, "No lead has this"),
        ("interactions", {"email": f"{CANARY}@contoso.example"}, 400, "`type`"),
        ("interactions", {"type": "call"}, 400, "`email`"),
        (f"leads/{'a' * 24}/interactions", {"type": "call"}, 404, "no lead"),
        (f"leads/{'a' * 24}/interactions", {"type": "Ein Anruf"}, 400, "`type`"),
    ],
)
async def test_bad_input_is_refused_with_its_place_and_never_echoed(caller, path, body, status, says):
    answered, problem = await caller.api("POST", path, json=body)
    assert (answered, problem["status"]) == (status, status)
    assert says in problem["detail"]
    assert CANARY not in json.dumps(problem)


async def test_an_interaction_in_the_future_is_refused(caller):
    _, receipt = await caller.push(push_body(Email=person("future")))
    report = {"type": "call", "at": "2999-01-01T00:00:00Z"}
    status, problem = await caller.api("POST", f"leads/{receipt['leadId']}/interactions", json=report)
    assert (status, problem["detail"]) == (400, "`at` lies in the future.")


async def test_leads_of_one_firm_are_listed_by_its_name_or_its_domain(caller):
    mine = set()
    for name, company in (
        ("ada", "Tailwind Traders GmbH & Co. KG"),
        ("bob", "TAILWIND TRADERS"),
        ("cleo", ""),
    ):
        body = push_body(Email=f"{name}@tailwindtraders.example", Company=company)
        _, receipt = await caller.push(body)
        await scored(caller, receipt["leadId"])
        mine.add(receipt["leadId"])
    for asked in ("Tailwind Traders", "tailwind-traders gmbh", "tailwindtraders.example"):
        found = await caller.get("leads", company=asked)
        assert {lead["id"] for lead in found["items"]} == mine


async def test_changed_rules_score_stored_leads_again_and_health_shows_that_none_is_left(tmp_path):
    data = tmp_path / "data"
    stack = await start_stack(data)
    async with new_session() as session:
        caller = Caller(session, stack.facts)
        _, receipt = await caller.push(push_body(Email=person("kept")))
        before = await scored(caller, receipt["leadId"])
        assert await stack.stop() == 0
        stack = await start_stack(data, with_rule(points="7"))
        caller = Caller(session, stack.facts)
        path = f"leads/{receipt['leadId']}"
        after = await caller.until(path, lambda lead: lead["score"]["total"] == 7)
        assert after["score"]["policy"] != before["score"]["policy"]
        await caller.until("health/ready", lambda body: body["rescoring"] == {"left": 0})
        events = (await caller.get(f"{path}/events"))["items"]
        assert [event["type"] for event in events].count("lead.scored") == 2
        asked = {
            "leadId": receipt["leadId"],
            "policy": SHIPPED.read_text(),
            "at": before["score"]["scoredAt"],
        }
        _, replayed = await caller.api("POST", "scoring/preview", json=asked)
        assert replayed["score"]["ledger"] == before["score"]["ledger"]
    stack.process.send_signal(signal.SIGINT)
    assert await stack.stop() == 0
