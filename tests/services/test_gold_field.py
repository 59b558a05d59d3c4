"""What the field sends and what teams want to say in a policy: each case with its right value."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.leads.commands import ReportInteraction, UpdateLead
from shared.leads.lead import CloseReason, LeadStatus
from shared.marketplace.parse import push_of
from shared.policy.load import parse_policy
from shared.services.commands import update_lead
from shared.services.queries import PushPreview, preview
from shared.services.receive import Intake, receive
from tests.builders import a_context
from tests.conftest import ROOT
from tests.policy.refusals import lines
from tests.samples import NOW, push_body

GOLD = ROOT / "tests" / "gold"
POLICIES = json.loads((GOLD / "policies_field.json").read_text(encoding="utf-8"))
PUSHES = json.loads((GOLD / "pushes_field.json").read_text(encoding="utf-8"))
OFFER = "contoso.backup"


@pytest.mark.parametrize("case", [case for case in POLICIES if "refused" in case])
async def test_a_policy_from_the_field_is_refused_with_what_is_meant(case: dict[str, Any]):
    (line,) = lines(case["policy"])
    assert f"not `{case['refused']['fact']}`, perhaps `{case['refused']['meant']}`" in line


@pytest.mark.parametrize("case", [case for case in POLICIES if "total" in case])
async def test_a_policy_from_the_field_gives_the_points_that_are_meant(case: dict[str, Any]):
    done = tuple(
        ReportInteraction(type=each["type"], at=NOW - timedelta(days=each["daysAgo"]))
        for each in case.get("interactions", ())
    )
    request = PushPreview(
        push=push_of(push_body(Title=case.get("title", ""))),
        at=NOW,
        facts=case.get("facts", {}),
        interactions=done,
        policy=parse_policy(case["policy"]),
    )
    _, score = await preview(a_context(), request, NOW)
    assert score.total == case["total"]


@pytest.mark.parametrize("case", PUSHES)
async def test_pushes_from_the_field_make_the_lead_that_is_meant(case: dict[str, Any]):
    context, lead_id = a_context(), ""
    for number, step in enumerate(case["steps"]):
        at = NOW + number * timedelta(hours=1)
        if "patch" in step:
            reason = step["patch"].get("reason")
            update = UpdateLead(
                status=LeadStatus(step["patch"]["status"]),
                reason=CloseReason(reason) if reason else None,
                by="sam",
            )
            await update_lead(context, lead_id, update, now=at)
        else:
            body = step["raw"] if "raw" in step else push_body(**step["push"])
            lead_id = (await receive(context, Intake(push_of(body), at, OFFER))).lead_id or ""
    lead = (await context.lead_store.get(lead_id)).lead
    found = {
        "status": lead.status,
        "followUp": lead.follow_up.state,
        "touches": lead.touches,
        "source": lead.source,
        "action": lead.action,
        "doNotContact": lead.do_not_contact,
        "email": lead.contact.email,
        "notUnderstood": context.unrecognized.pushes,
    }
    assert {name: found[name] for name in case["expect"]} == case["expect"]
