"""Facts that a CRM tells: kept, told, scored; known when they come again."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.enrichment.crm_facts import FACTS_KEPT, LARGEST_FACTS, LONGEST_FACT, record_facts
from shared.leads.change import Change
from shared.leads.commands import InvalidFacts, ReportFacts
from shared.leads.events import EventType
from shared.leads.idempotency import REPORTS_REMEMBERED
from shared.leads.lead import Lead
from shared.policy.load import load_policy
from shared.scoring.appraise import appraise, record_score
from shared.typed_json import to_plain
from tests.builders import a_lead
from tests.samples import NOW

LATER = NOW + timedelta(hours=1)
RULES = load_policy().scoring


def learned(one: Lead, report_id: str | None = None, /, **facts: Any) -> Change:
    change = record_facts(one, ReportFacts(facts=facts, by="sam", id=report_id), now=LATER)
    assert change is not None
    return change


def test_facts_are_kept_as_the_crms_told_as_they_are_and_ask_for_a_score():
    change = learned(a_lead(), "1", industry="software", employees=50)
    assert change.lead.enrichment.facts == {"industry": "software", "employees": 50}
    assert {source.from_ for source in change.lead.enrichment.provenance.values()} == {"crm"}
    assert change.lead.bookkeeping.scoring.requested_at == LATER
    (event,) = change.events
    assert (event.type, event.time) == (EventType.STATUS_CHANGED, LATER)
    assert to_plain(event.data) == {
        "from": "new",
        "to": "new",
        "facts": {"industry": "software", "employees": 50},
        "by": "sam",
    }


def test_a_fact_counts_in_the_next_score():
    enrichment, score = appraise(learned(a_lead(), industry="software").lead, RULES, LATER)
    assert "software-industry" in {line.rule for line in score.ledger}
    assert enrichment.facts == {"industry": "software"}


def test_only_news_are_told_and_the_newest_value_counts():
    first = learned(a_lead(), industry="software", employees=50).lead
    (event,) = learned(first, industry="software", employees=51).events
    assert to_plain(event.data)["facts"] == {"employees": 51}
    assert record_facts(first, ReportFacts(facts={"industry": "software"}), now=LATER) is None


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (0, False)])
def test_what_python_takes_for_equal_may_be_another_fact(before: Any, after: Any):
    assert learned(learned(a_lead(), a=before).lead, a=after).lead.enrichment.facts["a"] is after


def test_a_report_that_comes_again_does_nothing_even_if_others_came_between():
    first = learned(a_lead(), "1", industry="software").lead
    second = learned(first, "2", industry="retail").lead
    assert record_facts(second, ReportFacts(facts={"industry": "software"}, id="1"), now=LATER) is None


def test_a_report_of_nothing_new_is_remembered_without_a_word():
    first = learned(a_lead(), industry="software").lead
    change = learned(first, "2", industry="software")
    assert (change.events, change.lead.enrichment) == ((), first.enrichment)
    assert record_facts(change.lead, ReportFacts(facts={"industry": "retail"}, id="2"), now=LATER) is None


def test_what_a_crm_tells_stands_against_a_provider():
    one = learned(a_lead(), industry="retail").lead
    provided = {"industry": "software", "employees": 9}
    enrichment, score = appraise(one, RULES, LATER, provided)
    assert enrichment.facts == {"industry": "retail", "employees": 9}
    assert enrichment.provenance["industry"].from_ == "crm"
    assert enrichment.provenance["employees"].from_ == "provider"
    again, _ = appraise(record_score(one, enrichment, score, now=LATER).lead, RULES, LATER, provided)
    assert again == enrichment


def test_a_crm_that_confirms_what_a_provider_said_is_believed_from_then_on():
    enrichment, score = appraise(a_lead(), RULES, NOW, {"industry": "software"})
    one = learned(record_score(a_lead(), enrichment, score, now=NOW).lead, industry="software").lead
    assert appraise(one, RULES, LATER, {"industry": "retail"})[0].facts == {"industry": "software"}


def test_a_fact_of_ours_is_set_right_by_its_name():
    enrichment, _ = appraise(learned(a_lead(), **{"person.rank": "vp"}).lead, RULES, LATER)
    assert enrichment.provenance["person.rank"].from_ == "crm"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "is empty"),
        ({"": 1}, "A name"),
        ({"1st": 1}, "A name"),
        ({"a" * 65: 1}, "A name"),
        ({"c4n4ry@contoso.example": 1}, "A name"),
        ({"a\n": 1}, "A name"),
        ({"doNotContact": True}, "report it with type `status`"),
        ({"a": "c4n4ry" * 200}, "at most 1000 characters"),
        ({"a": 2**53 + 1}, "2\\^53"),
        ({"a": -(2**60)}, "2\\^53"),
        ({"a": float("nan")}, "2\\^53"),
        ({"a": float("inf")}, "2\\^53"),
    ],
)
def test_facts_that_no_rule_could_ask_for_are_refused_and_not_quoted(facts: dict[str, Any], says: str):
    with pytest.raises(InvalidFacts, match=says) as refusal:
        record_facts(a_lead(), ReportFacts(facts=facts), now=LATER)
    assert "c4n4ry" not in str(refusal.value)


def test_a_lead_keeps_so_many_facts_and_no_more():
    full = learned(a_lead(), **{f"f{number}": number for number in range(FACTS_KEPT)}).lead
    assert learned(full, f1=-1).lead.enrichment.facts["f1"] == -1
    with pytest.raises(InvalidFacts, match="200 facts at most"):
        learned(full, one_more=1)


@pytest.mark.parametrize("letter", ["x", "日", "\x01"], ids=["one byte", "three bytes", "six as JSON"])
def test_a_lead_keeps_so_many_bytes_of_facts_however_they_are_written(letter: str):
    fact = letter * LONGEST_FACT
    size = len(json.dumps({"f10": fact}, ensure_ascii=False, separators=(",", ":")).encode())
    full = learned(a_lead(), **{f"f{number}": fact for number in range(10, 10 + LARGEST_FACTS // size)}).lead
    with pytest.raises(InvalidFacts, match="65536 bytes of facts at most"):
        learned(full, one_more=fact)


def test_a_lead_remembers_so_many_reports_and_no_more():
    one = a_lead()
    for number in range(REPORTS_REMEMBERED + 1):
        one = learned(one, f"r{number}", industry=f"i{number}").lead
    assert len(one.bookkeeping.idempotency.reports) == REPORTS_REMEMBERED
