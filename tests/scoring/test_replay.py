"""Replay: a lead and its score, told again from its events."""

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.contract.events import event_json, read_event
from shared.enrichment.crm_facts import record_facts
from shared.leads.behaviour import record_interaction
from shared.leads.change import Change
from shared.leads.commands import ReportFacts, ReportInteraction, UpdateLead
from shared.leads.events import Event, EventType
from shared.leads.lifecycle import apply_update
from shared.policy.duration import Duration
from shared.policy.load import load_policy, read_scoring
from shared.policy.scoring import Behaviour, Qualification, ScoringPolicy, write_scoring
from shared.scoring.appraise import appraise, record_score, score_at
from shared.scoring.replay import NothingToReplay, replay_lead, replay_score
from shared.typed_json import to_json, to_plain
from tests.builders import a_push, a_rule, a_scoring_policy, opened, touched
from tests.samples import NOW

if TYPE_CHECKING:
    from shared.leads.lead import Lead
    from shared.leads.score import Score

POLICY = load_policy()
RULES = POLICY.scoring
HOUR = timedelta(hours=1)


class History:
    """A lead that lives through pushes, behaviour and scores; every score is remembered with its events."""

    def __init__(self) -> None:
        first = opened(a_push(Description="Please call", ActionCode="PLT"))
        self.lead: Lead = first.lead
        self.events: list[Event] = list(first.events)
        self.scores: list[tuple[int, Score]] = []

    def takes(self, change: Change | None) -> None:
        assert change is not None
        self.lead = change.lead
        self.events += [read_event(event_json(event)) for event in change.events]  # as stored

    def pushes(self, at: datetime, **members: Any) -> None:
        changed = touched(self.lead, a_push(**members), at)
        story = {"push": a_push(**members).as_sent}
        number = changed.bookkeeping.outbox.written
        event = Event(id=f"{changed.id}:{number}", number=number, type=EventType.TOUCHED, time=at, data=story)
        self.takes(Change(changed, (event,)))

    def does(self, type_: str, at: datetime, **fields: Any) -> None:
        self.takes(record_interaction(self.lead, ReportInteraction(type=type_, at=at, **fields), now=at))

    def is_updated(self, at: datetime, **wanted: Any) -> None:
        if change := apply_update(self.lead, UpdateLead(**wanted), now=at, policy=POLICY):
            self.takes(change)

    def learns(self, at: datetime, **facts: Any) -> None:
        if change := record_facts(self.lead, ReportFacts(facts=facts), now=at):
            self.takes(change)

    def is_scored(
        self, at: datetime, provided: dict[str, Any] | None = None, rules: ScoringPolicy = RULES
    ) -> None:
        enrichment, score = appraise(self.lead, rules, at, provided)
        self.takes(record_score(self.lead, enrichment, score, now=at))
        number = next(event.number for event in reversed(self.events) if event.type is EventType.SCORED)
        self.scores.append((number, score))


def a_life(seed: int) -> History:
    chance = random.Random(seed)
    one, at = History(), NOW
    for step in range(30):
        at += timedelta(seconds=chance.randint(1, 400_000))
        match chance.randint(0, 6):
            case 0:
                action = chance.choice(["INS", "PLT", "DNC", "StartTestDrive"])
                one.pushes(at, ActionCode=action, Description=f"note {step}")
            case 1 | 2:
                type_ = chance.choice([*RULES.interactions, "unheard_of"])
                one.does(type_, at - timedelta(minutes=chance.randint(0, 9999)), detail=f"step {step}")
            case 3:
                one.is_updated(at, do_not_contact=chance.random() < 0.5, by="sam")
            case 4:
                industry = chance.choice(["software", "retail", True, 7])
                one.learns(at, industry=industry, **{"person.rank": chance.choice(["vp", "manager"])})
            case _:
                facts = {"industry": "software", "employees": step} if chance.random() < 0.3 else None
                one.is_scored(at, facts)
    return one


@pytest.mark.parametrize("seed", range(40))
def test_every_past_score_is_had_again_bit_for_bit(seed: int):
    one = a_life(seed)
    rules = read_scoring(write_scoring(RULES))
    assert one.scores
    for number, score in one.scores:
        if _has_new_facts(one.events, number):
            continue  # they came from outside just then: they are told by this very event
        before = [event for event in one.events if event.number < number]
        assert to_json(replay_score(before, rules, score.scored_at)) == to_json(score)


def _has_new_facts(events: list[Event], number: int) -> bool:
    before = replay_lead(event for event in events if event.number < number)
    return to_plain(events[number - 1].data).get("facts", before.enrichment.facts) != before.enrichment.facts


def test_facts_from_outside_are_had_again_from_the_score_that_first_used_them():
    one = History()
    one.is_scored(NOW, {"industry": "software"})
    one.is_scored(NOW + HOUR)
    (_, first), (number, second) = one.scores
    assert any(line.rule == "software-industry" for line in first.ledger)
    before = [event for event in one.events if event.number < number]
    assert replay_score(before, RULES, second.scored_at) == second


def test_facts_of_a_crm_are_had_again_with_where_they_came_from():
    one = History()
    one.is_scored(NOW, {"industry": "retail", "employees": 9})
    one.learns(NOW + HOUR, industry="software")
    one.is_scored(NOW + HOUR)
    one.is_scored(NOW + 2 * HOUR, {"industry": "retail", "employees": 10})
    again = replay_lead(one.events)
    assert again.enrichment.facts == one.lead.enrichment.facts == {"industry": "software", "employees": 10}
    sources = {name: again.enrichment.provenance[name].from_ for name in again.enrichment.facts}
    assert sources == {"industry": "crm", "employees": "provider"}
    (number, score) = one.scores[1]
    assert any(line.rule == "software-industry" for line in score.ledger)
    before = [event for event in one.events if event.number < number]
    assert replay_score(before, RULES, score.scored_at) == score


@pytest.mark.parametrize("forbidden", [True, False])
def test_a_permission_set_by_hand_is_had_again(forbidden: bool):
    one = History()
    one.is_updated(NOW + HOUR, do_not_contact=True)
    if not forbidden:
        one.is_updated(NOW + HOUR, do_not_contact=False)
    one.is_scored(NOW + 2 * HOUR)
    ((number, score),) = one.scores
    before = [event for event in one.events if event.number < number]
    assert ("must not be contacted" in score.held_back or score.held_back != ()) is forbidden
    assert replay_score(before, RULES, score.scored_at) == score


def test_a_push_after_a_permission_was_taken_away_by_hand_is_told_as_it_was():
    one = History()
    one.is_updated(NOW + HOUR, do_not_contact=True)
    one.pushes(NOW + 2 * HOUR, ActionCode="INS", Description="just looking")
    assert one.lead.do_not_contact
    assert replay_lead(one.events).do_not_contact


def test_events_may_come_in_any_order_and_twice():
    one = a_life(7)
    shuffled = [*one.events, *one.events]
    random.Random(1).shuffle(shuffled)
    at = one.events[-1].time
    assert replay_score(shuffled, RULES, at) == replay_score(one.events, RULES, at)


def test_what_happened_later_does_not_count():
    one = History()
    one.does("tutorial_watched", NOW + HOUR)
    before, after = (replay_score(one.events, RULES, at) for at in (NOW, NOW + HOUR))
    assert after.intent > before.intent or before.intent == 40
    assert all(line.rule != "learned-the-product" for line in before.ledger)
    assert any(line.rule == "learned-the-product" for line in after.ledger)


def test_a_replayed_lead_is_the_lead_as_far_as_scores_ask():
    one = a_life(3)
    again = replay_lead(one.events)
    assert again.bookkeeping.scoring.interactions == one.lead.bookkeeping.scoring.interactions
    for field in ("contact", "note", "action", "offer", "do_not_contact", "touches", "campaign"):
        assert getattr(again, field) == getattr(one.lead, field)


def test_pushes_of_one_person_told_in_one_history_are_scored_from_the_events_never_added_up():
    one = History()
    single = appraise(one.lead, RULES, NOW)[1]
    one.pushes(NOW + HOUR, ActionCode="PLT", Description="Please, call")
    both = replay_score(one.events, RULES, NOW + HOUR)
    assert both.total < 2 * single.total
    assert sum(line.points for line in both.ledger) == both.total


def test_without_the_first_push_there_is_nothing_to_replay():
    for events in ([], a_life(1).events[1:]):
        with pytest.raises(NothingToReplay):
            replay_score(events, RULES, NOW + timedelta(days=999))


def test_a_score_is_read_as_it_is_worth_now_and_as_stored_if_nothing_faded():
    one = History()
    one.does("pricing_page_visited", NOW)
    one.is_scored(NOW)
    assert score_at(one.lead, RULES, NOW + timedelta(minutes=1)) is one.lead
    later = score_at(one.lead, RULES, NOW + timedelta(days=28)).score
    assert later is not None
    assert one.lead.score is not None
    assert later.intent < one.lead.score.intent or one.lead.score.intent == 40
    assert later.scored_at == NOW + timedelta(days=28)


def test_a_lead_stays_qualified_down_to_the_lower_threshold_and_is_replayed_so():
    visit = Behaviour(interaction="page_visited", half_life=Duration(days=10))
    fading = a_scoring_policy(a_rule(points=60, behaviour=visit), qualify=Qualification(enter=50, leave=25))
    one = History()
    one.does("page_visited", NOW)
    one.is_scored(NOW, rules=fading)
    assert one.scores[0][1].qualified
    later = NOW + timedelta(days=10)
    one.pushes(later, ActionCode="PLT")
    one.is_scored(later, rules=fading)
    (number, score) = one.scores[1]
    assert (score.total, score.qualified) == (30, True)
    before = [event for event in one.events if event.number < number]
    assert replay_score(before, fading, later) == score
    assert not replay_score(one.events[:2], fading, later).qualified


def test_what_waits_for_a_score_or_has_one_by_other_rules_is_read_as_stored():
    one = History()
    one.is_scored(NOW)
    assert score_at(one.lead, a_scoring_policy(a_rule()), NOW + timedelta(days=90)) is one.lead
    one.does("email_opened", NOW)
    assert score_at(one.lead, RULES, NOW + timedelta(days=90)) is one.lead
