"""A lead in store and on the wire."""

import json
from copy import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.events import event_json, read_event
from shared.contract.responses import event_body, lead_body
from shared.enrichment.enrich import enrich
from shared.follow_up.report import record_follow_up
from shared.leads.bookkeeping import (
    Bookkeeping,
    DueKind,
    Idempotency,
    Outbox,
    RetryState,
    ScoringState,
    SeenPush,
)
from shared.leads.commands import ReportFollowUp
from shared.leads.enrichment import (
    CompanyFacts,
    CountryFacts,
    EmailFacts,
    Enrichment,
    PersonFacts,
    PhoneFacts,
)
from shared.leads.follow_up import FollowUp, FollowUpState
from shared.leads.lead import Lead, LeadStatus, Milestone
from shared.leads.push import Contact, RawPush
from shared.leads.score import Evidence, LedgerLine, Score
from shared.scoring.appraise import record_score
from shared.typed_json import from_json, from_plain, to_json, to_plain
from tests.builders import a_lead, a_score, opened
from tests.samples import NOW, PROMISE
from tests.strategies import examples

AGREED = """
    id offer offerTitle source action status test doNotContact
    contact.firstName contact.lastName contact.email contact.phone
    contact.country contact.company contact.title
    note campaign receivedAt lastTouchAt touches
    enrichment.email.canonical enrichment.email.valid enrichment.email.kind enrichment.email.domain
    enrichment.email.roleAccount enrichment.email.suggestion
    enrichment.phone.e164 enrichment.phone.valid enrichment.phone.type
    enrichment.country.code enrichment.country.from
    enrichment.company.name enrichment.company.key enrichment.company.domain
    enrichment.person.rank enrichment.person.department enrichment.person.buyingRole
    enrichment.timeZone enrichment.language enrichment.completeness enrichment.facts
    score.total score.grade score.fit score.intent score.confidence score.qualified score.model score.scoredAt
    score.ledger[].rule score.ledger[].points score.ledger[].because
    followUp.state followUp.dueAt followUp.firstAt followUp.missedAt followUp.level
    owner team milestones[].what milestones[].at milestones[].by
    raw.leadSource raw.actionCode raw.description
"""
ON_TOP = """
    ownerBecause closeReason
    followUp.warnAt followUp.warnedAt followUp.escalateAt followUp.attempts followUp.nextContactAt
    enrichment.localHour enrichment.noteLength enrichment.confidence
    score.policy score.missing[] score.heldBack[] score.ledger[].group
    score.ledger[].evidence[].fact score.ledger[].evidence[].value
"""
TEXT = st.text(max_size=12)
MAYBE = st.none() | TEXT
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
COUNT = st.integers(0, 10**9)
JSON = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
SETBACK = st.builds(RetryState, attempts=COUNT, retry_at=MOMENT, parked=st.booleans())
BOOKKEEPING = st.builds(
    Bookkeeping,
    idempotency=st.builds(
        Idempotency,
        operations=st.tuples(TEXT),
        pushes=st.tuples(st.builds(SeenPush, digest=TEXT, at=MOMENT)),
    ),
    scoring=st.builds(ScoringState, touches_scored=COUNT),
    outbox=st.builds(Outbox, written=COUNT, unpublished=st.tuples(COUNT), publish_due_at=st.none() | MOMENT),
    retries=st.dictionaries(st.sampled_from(DueKind), SETBACK, max_size=2),
)
ENRICHMENT = st.builds(
    Enrichment,
    email=st.builds(EmailFacts, canonical=MAYBE, valid=st.none() | st.booleans()),
    phone=st.builds(PhoneFacts, e164=MAYBE),
    country=st.builds(CountryFacts, code=MAYBE, from_=MAYBE),
    company=st.builds(CompanyFacts, key=MAYBE),
    person=st.builds(PersonFacts, rank=TEXT),
    completeness=st.none() | st.floats(0, 1),
    facts=st.dictionaries(TEXT, JSON, max_size=2),
)
SCORE = st.builds(
    Score,
    total=COUNT,
    grade=TEXT,
    fit=COUNT,
    intent=COUNT,
    confidence=st.floats(0, 1),
    qualified=st.booleans(),
    model=TEXT,
    ledger=st.tuples(st.builds(LedgerLine, rule=TEXT, points=st.integers(-100, 100), because=TEXT)),
    scored_at=MOMENT,
)
LEADS = st.builds(
    Lead,
    id=TEXT,
    offer=MAYBE,
    offer_title=MAYBE,
    source=MAYBE,
    action=MAYBE,
    status=st.sampled_from(LeadStatus),
    test=st.booleans(),
    do_not_contact=st.booleans(),
    contact=st.builds(Contact, first_name=MAYBE, email=MAYBE, title=MAYBE),
    note=MAYBE,
    campaign=st.dictionaries(TEXT, TEXT, max_size=2),
    received_at=MOMENT,
    last_touch_at=MOMENT,
    touches=COUNT,
    enrichment=ENRICHMENT,
    score=st.none() | SCORE,
    follow_up=st.builds(
        FollowUp, state=st.sampled_from(FollowUpState), due_at=st.none() | MOMENT, level=COUNT
    ),
    owner=MAYBE,
    team=MAYBE,
    milestones=st.tuples(st.builds(Milestone, what=TEXT, at=MOMENT, by=MAYBE)),
    raw=st.builds(RawPush, lead_source=MAYBE, action_code=MAYBE, description=MAYBE),
    bookkeeping=BOOKKEEPING,
)


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def paths_of(value: Any, path: str = "") -> set[str]:
    """The name of every member, with those it lies in; `[]` for the members of a list."""
    if isinstance(value, dict) and value:
        return {found for name, member in value.items() for found in paths_of(member, f"{path}.{name}")}
    if isinstance(value, list) and value:
        return {found for member in value for found in paths_of(member, f"{path}[]")}
    return {path.removeprefix(".")}


@given(LEADS)
@examples(30)
def test_a_stored_lead_is_the_lead_and_only_its_bookkeeping_stays_at_the_desk(one: Lead):
    stored = to_json(one)
    assert from_json(Lead, stored) == one
    kept = json.loads(stored)
    del kept["bookkeeping"]
    assert as_json(lead_body(one)) == kept


def test_a_row_stored_before_a_field_existed_is_still_read():
    stored = to_plain(a_lead())
    for name in (
        "status",
        "touches",
        "enrichment",
        "score",
        "followUp",
        "owner",
        "team",
        "milestones",
        "bookkeeping",
    ):
        del stored[name]
    read = from_plain(Lead, stored)
    assert (read.status, read.touches, read.score) == (LeadStatus.NEW, 1, None)


def test_the_wire_has_the_agreed_fields_and_no_other():
    one = a_lead()
    seen = (Evidence(fact="action", value="INS"),)
    line = LedgerLine(rule="one", points=60, because="so", group="fit", evidence=seen)
    score = replace(a_score(60, qualified=True), ledger=(line,), missing=("a",), held_back=("b",))
    one = record_score(one, enrich(one.contact, note="Hi", at=NOW), score, now=NOW).lead
    wire = lead_body(one)
    assert wire["enrichment"].pop("provenance")["email.kind"] == {"from": "derived", "confidence": 0.99}
    assert sorted(paths_of(wire)) == sorted([*AGREED.split(), *ON_TOP.split()])


def test_the_wire_has_plain_json_values_and_times_in_utc():
    wire = lead_body(a_lead())
    assert json.dumps(wire, allow_nan=False)
    assert (wire["receivedAt"], wire["followUp"]["dueAt"]) == ("2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z")
    assert (wire["status"], wire["followUp"]["state"], wire["score"]) == ("new", "waiting", None)


def test_an_event_on_the_wire_is_whole():
    change = record_follow_up(a_lead(), ReportFollowUp(by="Max", at=NOW), now=NOW, policy=PROMISE)
    wire = event_body(change.events[0])
    assert list(wire) == ["id", "number", "type", "time", "data"]
    assert (wire["id"], wire["number"]) == (f"{change.lead.id}:2", 2)
    assert (wire["type"], wire["time"]) == ("lead.followed_up", "2026-03-02T09:00:00Z")


def test_a_stored_event_is_the_event():
    (event,) = opened().events
    assert read_event(event_json(event)) == event
