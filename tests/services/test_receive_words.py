"""Pushes in other words and shapes: named by the policy, counted if unknown, never a reason to call."""

from copy import replace
from datetime import timedelta

from shared.contract.health import health_details, readiness_body
from shared.marketplace.parse import push_of
from shared.policy.load import parse_policy
from shared.scoring.replay import replay_lead
from shared.services.context import MOST_WORDS, OTHER_WORDS
from shared.services.health import check_health
from shared.services.queries import PushPreview, preview
from shared.services.receive import Intake, identify, receive
from shared.typed_json import to_plain
from tests.builders import a_context, a_push
from tests.samples import NOW, push_body

MINUTE = timedelta(minutes=1)
POLICY = parse_policy(
    '[sources]\nAzureMarketplace = ["MicrosoftMarketplace"]\n[actions]\nPLT = ["Contact us"]\n'
)
NEW_WORDS = {"LeadSource": "MicrosoftMarketplace|contoso.backup", "ActionCode": "contact_us"}


async def stored(context, receipt):
    return (await context.lead_store.get(receipt.lead_id)).lead


async def test_a_source_and_an_action_of_the_policy_are_stored_by_their_names():
    context = replace(a_context(), policy=POLICY)
    lead = await stored(context, await receive(context, Intake(a_push(**NEW_WORDS), NOW)))
    assert (lead.source, lead.action, lead.raw.action_code) == ("AzureMarketplace", "PLT", "contact_us")
    assert lead.bookkeeping.scoring.interactions[0].detail == "PLT"
    assert (context.unrecognized.sources.total(), context.unrecognized.actions.total()) == (0, 0)


async def test_a_replay_has_the_words_of_then_whatever_the_policy_says_now():
    context = replace(a_context(), policy=POLICY)
    receipt = await receive(context, Intake(a_push(**NEW_WORDS), NOW))
    await receive(context, Intake(a_push(**NEW_WORDS, Description="again"), NOW + MINUTE))
    lead, events = await stored(context, receipt), await context.lead_store.list_events(receipt.lead_id)
    replayed = replay_lead(events)
    assert (replayed.source, replayed.action) == (lead.source, lead.action)
    assert replayed.bookkeeping.scoring.interactions == lead.bookkeeping.scoring.interactions


async def test_which_lead_it_is_depends_on_no_words():
    push = a_push(**NEW_WORDS)
    with_words, without = replace(a_context(), policy=POLICY), a_context()
    assert identify(with_words, Intake(push, NOW)) == identify(without, Intake(push, NOW))


async def test_an_unknown_source_or_action_passes_and_is_counted():
    context = a_context()
    push = a_push(**NEW_WORDS)
    lead = await stored(context, await receive(context, Intake(push, NOW)))
    assert (lead.source, lead.action) == ("MicrosoftMarketplace", "contact_us")
    await receive(context, Intake(push, NOW))  # a repeat counts once
    health = await check_health(context, NOW + MINUTE)
    shown = to_plain(readiness_body(health))["unrecognized"]
    assert shown == {"sources": 1, "actions": 1, "pushes": 0}
    details = to_plain(health_details(context, health))["unrecognized"]
    assert details == {"sources": {"MicrosoftMarketplace": 1}, "actions": {"contact_us": 1}}
    assert health.is_ready or not health.faults


async def test_no_more_words_are_kept_than_the_bound():
    context = a_context()
    for number in range(MOST_WORDS + 9):
        await receive(context, Intake(a_push(ActionCode=f"word {number}", Description=f"{number}"), NOW))
    assert len(context.unrecognized.actions) == MOST_WORDS + 1
    assert context.unrecognized.actions[OTHER_WORDS] == 9


async def test_no_address_is_shown_that_came_as_a_word():
    context = a_context()
    await receive(context, Intake(a_push(ActionCode="ada@fabrikam.example"), NOW))
    assert list(context.unrecognized.actions) == ["***@fabrikam.example"]


async def test_a_push_of_which_nothing_is_understood_is_stored_and_counted():
    context = a_context()
    await receive(context, Intake(push_of({"something": {"else": "entirely"}}), NOW))
    assert context.unrecognized.pushes == 1


async def test_no_unknown_word_makes_a_lead_contactable_that_must_not_be_contacted():
    context = a_context()
    receipt = await receive(context, Intake(a_push(ActionCode="do_not_contact"), NOW))
    assert (await stored(context, receipt)).do_not_contact
    for number, changes in enumerate(
        [{"ActionCode": "Contact us"}, {"LeadSource": "MicrosoftMarketplace-XYZ|contoso.contoso-backup"}], 1
    ):
        push = a_push(**{"ActionCode": "", "Description": str(number), **changes})
        await receive(context, Intake(push, NOW + number * MINUTE, "contoso.contoso-backup"))
    lead = await stored(context, receipt)
    assert (lead.do_not_contact, lead.follow_up.state, lead.touches) == (True, "none", 3)


async def test_a_preview_uses_the_words_of_the_policy_that_is_tried():
    push = push_of(push_body(**NEW_WORDS))
    _, plain = await preview(a_context(), PushPreview(push=push, at=NOW), NOW)
    _, tried = await preview(a_context(), PushPreview(push=push, at=NOW, policy=POLICY), NOW)
    assert tried.intent - plain.intent == 30
