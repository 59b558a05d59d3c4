"""What happened, told in any order: the lead is the same in the end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.crm_facts import record_facts
from shared.enrichment.identity import lead_id
from shared.follow_up.report import record_follow_up
from shared.leads.behaviour import record_interaction
from shared.leads.change import Change
from shared.leads.commands import (
    IllegalTransition,
    ReportFacts,
    ReportFollowUp,
    ReportInteraction,
    UpdateLead,
)
from shared.leads.events import Assigned, StatusChanged
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.lead import CloseReason, Lead, LeadStatus
from shared.leads.lifecycle import apply_update, remember_refused
from shared.policy.load import load_policy, parse_policy
from shared.scoring.appraise import appraise
from shared.services.unit_of_work import apply_policy
from tests.builders import a_push
from tests.samples import ID_KEY, NOW, OFFER
from tests.strategies import examples

POLICY = parse_policy(
    '[follow_up]\ntarget = "24h"\n[nurture]\ncadence = ["2d", "5d"]\nmost = 4\nattempts = 2\n'
)
RULES = load_policy().scoring
TOLD_AT = NOW + timedelta(hours=12)  # after everything, and before the first deadline
# Through the queue `spill`; out of the publisher's table, also from before the desk.
WAYS = [Origin(TOLD_AT, was_pushed=True), Origin(TOLD_AT), Origin(TOLD_AT, is_history=True)]

type Told = Any


@dataclass(frozen=True)
class Pushed:
    """A push of the customer, and how it reached us."""

    minutes: int
    action: str
    title: str
    origin: Origin


minutes = st.integers(1, 600)
instants = minutes.map(lambda after: NOW + timedelta(minutes=after))
pushed = st.builds(
    Pushed,
    minutes,
    st.sampled_from(["INS", "PLT", "DNC", "Create"]),
    st.sampled_from(["", "CIO", "Buyer"]),
    st.sampled_from(WAYS),
)
called = st.builds(
    lambda at, plan: ReportFollowUp(
        by="sam", at=at, next_contact_at=at + timedelta(days=plan) if plan else None
    ),
    instants,
    st.sampled_from([0, 0, 3, 9]),
)
updated = st.one_of(
    st.builds(
        lambda at, status, reason: UpdateLead(
            at=at, status=status, reason=reason if status in ("lost", "disqualified") else None
        ),
        instants,
        st.sampled_from(LeadStatus),
        st.sampled_from([None, CloseReason.BUDGET, CloseReason.NO_RESPONSE, CloseReason.ABUSE]),
    ),
    st.builds(lambda at, forbids: UpdateLead(at=at, do_not_contact=forbids), instants, st.booleans()),
    st.builds(
        lambda at, owner: UpdateLead(at=at, owner=owner), instants, st.sampled_from(["ann", "bob", None])
    ),
)
learnt = st.builds(
    lambda at, facts: ReportFacts(at=at, facts=facts),
    instants,
    st.dictionaries(
        st.sampled_from(["industry", "employees"]), st.sampled_from(["software", "retail", 9]), min_size=1
    ),
)
seen = st.builds(
    lambda at, type_: ReportInteraction(type=type_, at=at),
    instants,
    st.sampled_from(["pricing_page_visited", "email_opened"]),
)
stories = st.lists(st.one_of(pushed, pushed, called, updated, updated, learnt, seen), max_size=8)


def told(lead: Lead | None, told: Told) -> Lead:
    """The lead after one thing is told, with what the policy says; as it was if that is refused."""
    change = change_by(lead, told)
    return lead if change is None else change.lead


def change_by(lead: Lead | None, told: Told) -> Change | None:
    decide = partial(_decide, lead)
    try:
        change = decide(told)
    except IllegalTransition:
        change = remember_refused(lead, told, policy=POLICY)
    return None if change is None else apply_policy(lead, change, POLICY)


def _decide(lead: Lead | None, told: Told) -> Change | None:
    match told:
        case Pushed():
            at = NOW + timedelta(minutes=told.minutes)
            note = f"{told.minutes} {told.action}"  # no repeat of another push
            push = a_push({"Title": told.title}, ActionCode=told.action, Description=note)
            if lead is None:
                return open_lead(push, lead_id(push, OFFER, ID_KEY), OFFER, at, origin=told.origin)
            return merge_push(lead, push, at, origin=told.origin)
        case ReportFollowUp():
            return record_follow_up(lead, told, now=TOLD_AT, policy=POLICY)
        case UpdateLead():
            return apply_update(lead, told, now=TOLD_AT, policy=POLICY)
        case ReportFacts():
            return record_facts(lead, told, now=TOLD_AT)
        case _:
            return record_interaction(lead, told, now=TOLD_AT)


def essence(lead: Lead) -> dict[str, Any]:
    """What may not depend on the order in which it was told."""
    follow_up = lead.follow_up
    score = appraise(lead, RULES, TOLD_AT)[1]
    return {
        "contact": lead.contact,
        "status": (lead.status, lead.close_reason),
        "permission": (lead.do_not_contact, lead.bookkeeping.merge.consent_at),
        "owner": lead.owner,
        "facts": lead.enrichment.facts,
        "points": (score.total, score.grade, [(line.rule, line.points) for line in score.ledger]),
        "follow_up": (follow_up.state, follow_up.attempts, follow_up.first_at, follow_up.next_contact_at),
        "deadline": follow_up.due_at,
        "times": (lead.received_at, lead.last_touch_at, lead.touches),
    }


@given(stories, st.randoms(use_true_random=False), st.sampled_from(WAYS))
@examples(400)
def test_told_in_any_order_it_makes_the_same_lead(story: list[Told], chance: Any, origin: Origin):
    first = Pushed(0, "INS", "CTO", origin)
    lead = told(None, first)
    in_order = sorted(story, key=lambda each: each.at if not isinstance(each, Pushed) else each_at(each))
    shuffled = list(story)
    chance.shuffle(shuffled)
    one, other = lead, lead
    for each in in_order:
        one = told(one, each)
    for each in shuffled:
        other = told(other, each)
    assert essence(one) == essence(other)


@given(stories, st.sampled_from(WAYS))
@examples(300)
def test_who_goes_by_the_events_ends_with_the_leads_status_and_owner(story: list[Told], origin: Origin):
    lead = told(None, Pushed(0, "INS", "CTO", origin))
    status, owner = lead.status, lead.owner
    for each in story:
        change = change_by(lead, each)
        if change is None:
            continue
        for event in change.events:
            if isinstance(event.data, StatusChanged) and not event.data.superseded:
                assert event.data.from_ in (status, event.data.to)
                status = event.data.to
            if isinstance(event.data, Assigned) and not event.data.superseded:
                owner = event.data.owner
        lead = change.lead
        assert (status, owner) == (lead.status, lead.owner)


def each_at(push: Pushed) -> Any:
    """When a push was made."""
    return NOW + timedelta(minutes=push.minutes)


closings = st.builds(
    lambda at, status, reason: UpdateLead(
        at=at, status=status, reason=reason if status in ("lost", "disqualified") else None
    ),
    instants,
    st.sampled_from([LeadStatus.WON, LeadStatus.WON, LeadStatus.LOST, LeadStatus.DISQUALIFIED]),
    st.sampled_from([None, CloseReason.BUDGET, CloseReason.ABUSE]),
)
comings_back = st.builds(
    Pushed,
    minutes,
    st.sampled_from(["INS", "PLT", "Create", "StartTestDrive"]),
    st.just(""),
    st.sampled_from(WAYS),
)
MAY_FOLLOW = {  # of the closed statuses
    "new": {"won", "lost", "disqualified"},
    "won": {"lost"},
    "lost": {"won"},
    "disqualified": set(),
}


def instant_of(told: Told) -> datetime:
    """When it happened."""
    at: datetime = each_at(told) if isinstance(told, Pushed) else told.at
    return at


def expected(first: Pushed, story: list[Told]) -> tuple[str, str | None, bool]:
    """Status, reason and whether a call is owed, by the rules as the documents put them."""
    status, reason, is_owed = "new", None, not first.origin.is_history
    for each in sorted(story, key=instant_of):
        if not isinstance(each, Pushed):
            if each.status == status:
                reason = each.reason or reason
            elif each.status in MAY_FOLLOW[status]:
                status, reason, is_owed = each.status.value, each.reason, False
        elif not each.origin.is_history:
            if status == "won":
                is_owed = is_owed or each.action == "PLT"
            elif reason != CloseReason.ABUSE:
                status, reason, is_owed = "new", None, True
    return status, reason, is_owed


@given(
    st.lists(st.one_of(closings, comings_back, comings_back), max_size=6, unique_by=instant_of),
    st.randoms(use_true_random=False),
    st.sampled_from(WAYS),
)
@examples(400)
def test_a_closed_lead_is_opened_by_nothing_but_what_may_open_it(
    story: list[Told], chance: Any, origin: Origin
):
    first = Pushed(0, "INS", "CTO", origin)
    lead = told(None, first)
    shuffled = list(story)
    chance.shuffle(shuffled)
    for each in shuffled:
        lead = told(lead, each)
    assert (lead.status, lead.close_reason, lead.follow_up.is_open) == expected(first, story)
