"""What CRMs really send: every row of `tests/gold/field/activity.json`, read as it is meant or refused."""

import json
from datetime import timedelta

import pytest

from bench.enrichment import GOLD
from shared.contract.errors import InvalidRequest
from shared.contract.messages import activity_of
from shared.leads.commands import InvalidFacts
from shared.leads.events import EventType
from shared.policy.conditions import Condition
from shared.scoring.conditions import holds
from shared.services.activity import take_activity
from shared.services.receive import Intake, receive
from shared.typed_json import to_plain
from tests.builders import a_context, a_push
from tests.samples import NOW

EMAIL = "ada@fabrikam.example"
LATER = NOW + timedelta(minutes=5)
# The platform itself can't hand these to any function: see docs/events.md.
CASES = [
    case
    for case in json.loads((GOLD / "field" / "activity.json").read_text(encoding="utf-8"))
    if "amqp" not in case
]
MEANT = {
    "email.valid": (True,),
    "phone.valid": (True,),
    "person.rank": ("director",),
    "country.code": ("DE",),
    "employees": ("250",),
    "newsletter": ("true",),
}


async def told(context, body, message_id="m-1"):
    activity = activity_of(body, message_id, LATER)
    await take_activity(context, activity, now=LATER)


async def a_desk():
    context = a_context()
    lead_id = (await receive(context, Intake(a_push(Email=EMAIL), NOW))).lead_id
    return context, lead_id


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['why']}"[:90])
async def test_a_report_is_read_as_it_is_meant_or_refused_with_the_reason(case):
    context, lead_id = await a_desk()
    body = case["body"].replace("{lead}", lead_id).replace("{email}", EMAIL).encode()
    refusal = None
    try:
        await told(context, body)
    except (InvalidRequest, InvalidFacts) as exc:
        refusal = str(exc)
    lead = (await context.lead_store.get(lead_id)).lead
    match case["expect"].split()[0].rstrip(","):
        case "done" if refusal is None or case["expect"] == "done":
            assert (refusal, lead.follow_up.state) == (None, "done")
        case "lost":
            assert (refusal, lead.status) == (None, "lost")
        case _ if refusal is None:
            for name, value in lead.enrichment.facts.items():
                assert value in MEANT[name]
        case _:
            assert any(word in refusal for word in ("DataContractSerializer", "must be one of", "must be"))


@pytest.mark.parametrize(
    ("members", "ignored"),
    [
        ({"channel": "", "outcome": "", "nextContactAt": ""}, ["channel", "outcome", "nextContactAt"]),
        ({"at": "yesterday", "id": ["x"]}, ["at", "id"]),
        ({"nextContactAt": "2020-01-01T00:00:00Z"}, ["nextContactAt"]),
        ({"note": 7, "nextContactAt": "2036-01-01T00:00:00Z"}, ["note", "nextContactAt"]),
        ({"at": "2026-03-05T09:00:00Z"}, ["at"]),
        ({"id": 4711}, None),
    ],
)
async def test_the_event_of_a_call_names_what_was_left_out(members, ignored):
    context, lead_id = await a_desk()
    body = {"type": "Follow-Up", "LeadID": lead_id, "by": "sam", **members}
    await told(context, json.dumps([body]).encode())
    events = await context.lead_store.list_events(lead_id)
    (call,) = [to_plain(event.data) for event in events if event.type is EventType.FOLLOWED_UP]
    assert call.get("ignored") == ignored
    assert call["id"] == ("4711" if "id" in members and ignored is None else "m-1")


@pytest.mark.parametrize("missing", ["by", "type", "leadId"])
async def test_without_what_it_needs_a_call_is_refused(missing):
    context, lead_id = await a_desk()
    body = {"type": "follow_up", "leadId": lead_id, "by": "sam", "channel": ""}
    del body[missing]
    with pytest.raises(InvalidRequest):
        await told(context, json.dumps(body).encode())
    assert (await context.lead_store.get(lead_id)).lead.follow_up.state == "waiting"


@pytest.mark.parametrize(
    ("test", "value", "is_met"),
    [
        ({"range": (100, 500)}, "250", True),
        ({"range": (100, 500)}, " 250.5 ", True),
        ({"range": (100, 500)}, "two hundred", False),
        ({"equals": True}, "true", True),
        ({"equals": True}, "Yes", True),
        ({"equals": True}, "1", False),
        ({"equals": False}, "no", True),
        ({"equals": 250}, "250", True),
        ({"equals": "01234"}, "1234", False),
        ({"equals": "01234"}, "01234", True),
        ({"equals": 1234}, "01234", True),
        ({"in_": (1, "two")}, "TWO", True),
    ],
)
def test_a_number_or_a_yes_that_is_sent_as_a_text_counts_where_one_is_asked_for(test, value, is_met):
    assert holds(Condition(fact="x", **test), {"x": value}) is is_met
