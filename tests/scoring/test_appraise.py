"""A lead gets its score."""

from copy import replace
from datetime import timedelta

import pytest

from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.enrichment import CountryFacts, Enrichment
from shared.leads.events import EventType
from shared.leads.lead import Lead, Milestone
from shared.scoring.appraise import record_score
from shared.typed_json import to_plain
from tests.builders import a_lead, a_push, a_score, touched
from tests.samples import NOTHING_KNOWN, NOW, TARGET

LATER = NOW + timedelta(seconds=1)


def test_a_score_is_kept_with_the_facts_it_rests_on_and_said():
    enrichment = Enrichment(country=CountryFacts(code="US", from_="pushed"))
    change = record_score(a_lead(), enrichment, a_score(40), now=LATER)
    assert (change.lead.enrichment, change.lead.score) == (enrichment, a_score(40))
    (event,) = change.events
    assert (event.number, event.type, event.time) == (2, EventType.SCORED, LATER)
    assert to_plain(event.data) == {
        "total": 40,
        "grade": "B2",
        "previousTotal": None,
        "qualified": False,
        "model": "of-the-tests",
        "policy": "",
    }
    assert not change.lead.awaits_score


def test_a_later_score_names_the_one_before():
    before = record_score(a_lead(), NOTHING_KNOWN, a_score(40), now=LATER).lead
    assert record_score(before, NOTHING_KNOWN, a_score(45), now=LATER).events[0].data.previous_total == 40


def test_one_score_sees_all_the_touches_so_far():
    twice = touched(a_lead(), a_push(ActionCode="PLT"), NOW + TARGET)
    assert (
        record_score(twice, NOTHING_KNOWN, a_score(40), now=LATER).lead.bookkeeping.scoring.touches_scored
        == 2
    )


@pytest.mark.parametrize(
    ("qualified", "said"),
    [
        pytest.param([False], [False], id="not"),
        pytest.param([True], [True], id="at once"),
        pytest.param([True, True, True], [True, False, False], id="once while it stays so"),
        pytest.param([False, True, True], [False, True, False], id="later"),
    ],
)
def test_qualified_is_said_when_it_becomes_so(qualified: list[bool], said: list[bool]):
    one, heard = a_lead(), []
    for is_qualified in qualified:
        change = record_score(one, NOTHING_KNOWN, a_score(60, qualified=is_qualified), now=LATER)
        one = change.lead
        heard.append(EventType.QUALIFIED in [event.type for event in change.events])
    assert heard == said
    assert one.milestones[1:] == ((Milestone(what="qualified", at=LATER),) if any(said) else ())


def test_the_milestone_is_reached_once_even_if_the_lead_qualifies_again():
    one = a_lead()
    for hours, qualified in enumerate((True, False, True)):
        score = a_score(60, qualified=qualified)
        one = record_score(one, NOTHING_KNOWN, score, now=NOW + timedelta(hours=hours)).lead
    assert [stone.at for stone in one.milestones if stone.what == "qualified"] == [NOW]


def test_a_score_ends_the_setbacks_of_scoring_and_no_other():
    setback = RetryState(attempts=3, retry_at=NOW, parked=True)
    one: Lead = a_lead()
    setbacks = {DueKind.SCORE: setback, DueKind.FOLLOW_UP: setback}
    one = replace(one, bookkeeping=replace(one.bookkeeping, retries=setbacks))
    kept = record_score(one, NOTHING_KNOWN, a_score(40), now=LATER).lead.bookkeeping
    assert kept.retries == {DueKind.FOLLOW_UP: setback}
