"""Owners, planned contacts and the reason `no_response` over the real host."""

from tests.end_to_end.conftest import calling, listening, person, start_stack
from tests.samples import push_body

POLICY = """
[nurture]
attempts = 1

[routing]
catch_all = "chief"

[[routing.rules]]
name = "dach"
because = "speaks German"
when = { fact = "country.code", equals = "DE" }
team = "dach"

[routing.teams.dach]
members = ["ann", "bob"]
"""
LOST = {"status": "lost", "reason": "no_response", "by": "ann"}


async def test_leads_find_their_owners_in_turns_and_are_given_up_only_after_a_call(tmp_path):
    stack = await start_stack(tmp_path / "data", POLICY)
    async with calling(stack) as caller, listening(stack.facts["bus"]) as subscriber:
        told = []
        for number in range(4):
            push = push_body(Email=person(f"german{number}"), Country="DE", Phone="")
            _, receipt = await caller.push(push)
            told += await subscriber.until(receipt["leadId"], "lead.assigned")
        assert [one.properties["owner"] for one in told] == ["ann", "bob", "ann", "bob"]
        assert told[0].body["event"]["data"]["because"] == "speaks German; the longest wait of dach"
        _, receipt = await caller.push(push_body(Email=person("french"), Country="FR", Phone=""))
        (other,) = await subscriber.until(receipt["leadId"], "lead.assigned")
        assert other.properties["owner"] == "chief"

        path = f"leads/{told[0].session_id}"
        status, refused = await caller.api("PATCH", path, json=LOST)
        assert (status, refused["title"]) == (409, "Conflict")
        assert "after 1 follow-up since" in refused["detail"]
        call = {"by": "ann", "nextContactAt": "2026-01-01T00:00:00Z", "at": "2025-12-31T00:00:00Z"}
        status, _ = await caller.api("POST", f"{path}/follow-ups", json=call)
        assert status == 400  # before the first push
        status, lead = await caller.api("POST", f"{path}/follow-ups", json={"by": "ann"})
        assert (status, lead["followUp"]["attempts"]) == (200, 1)
        status, lead = await caller.api("PATCH", path, json=LOST)
        assert (status, lead["closeReason"]) == (200, "no_response")
        mine = await caller.get("leads", owner="ann")
        assert [one["id"] for one in mine["items"]] == [told[2].session_id]
        status, freed = await caller.api("PATCH", f"leads/{told[2].session_id}", json={"doNotContact": True})
        assert (status, freed["owner"]) == (200, None)
        status, _ = await caller.api("PATCH", f"leads/{told[2].session_id}", json={"owner": "ann"})
        assert status == 409
    assert await stack.stop() == 0
