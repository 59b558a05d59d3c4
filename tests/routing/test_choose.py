"""Who gets which lead: rules in order, turns, open leads, capacity, absence, and the catch-all."""

from collections import Counter
from copy import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.enrichment import CompanyFacts, EmailFacts, Enrichment
from shared.policy.load import InvalidPolicy, parse_policy
from shared.policy.model import Policy
from shared.routing.choose import Request, choose
from shared.routing.workload import Assignment, Workload, assign
from tests.samples import NOW
from tests.strategies import examples

TEAM = """
[routing]
catch_all = "chief"
[[routing.rules]]
name = "all"
because = "all leads"
team = "desk"
[routing.teams.desk]
members = ["ann", "bob", "cy"]
"""
REQUEST = Request(number=1, facts={}, enrichment=Enrichment())


def chosen(policy: str, rota: Workload = Workload(), at: datetime = NOW, **facts: Any) -> Assignment:  # noqa: B008 - frozen
    return choose(replace(REQUEST, facts=facts), parse_policy(policy), rota, at)


def shared_out(policy: Policy, leads: int, rota: Workload = Workload()) -> tuple[list[str], Workload]:  # noqa: B008 - frozen
    """Who gets one lead after the other."""
    owners = []
    for _ in range(leads):
        seat = choose(REQUEST, policy, rota, NOW)
        rota = assign(rota, None, seat)
        owners.append(seat.owner or "")
    return owners, rota


def without_room(*names: str) -> str:
    return "".join(f"[routing.owners.{name}]\ncapacity = 0\n" for name in names)


def test_the_longest_wait_goes_round():
    owners, _ = shared_out(parse_policy(TEAM), 7)
    assert owners == ["ann", "bob", "cy", "ann", "bob", "cy", "ann"]


def test_a_new_member_gets_one_lead_at_once_and_then_waits_like_all():
    _, rota = shared_out(parse_policy(TEAM), 6)
    owners, _ = shared_out(parse_policy(TEAM.replace('"cy"', '"cy", "dee"')), 5, rota)
    assert owners == ["dee", "ann", "bob", "cy", "dee"]


def test_the_fewest_open_leads_come_first_and_of_two_alike_the_longest_wait():
    policy = TEAM + 'by = "least_open"\n'
    rota = Workload(open_leads={"ann": 2, "bob": 1, "cy": 1}, last_turns={"desk": {"bob": 9, "cy": 3}})
    assert chosen(policy, rota).owner == "cy"


def test_a_fixed_team_is_its_first_member_who_is_there():
    policy = TEAM + 'by = "fixed"\n[routing.owners.ann]\nabsent = [{ from = 2026-03-02, to = 2026-03-03 }]\n'
    assert chosen(policy).owner == "bob"
    assert chosen(policy, at=datetime(2026, 3, 4, tzinfo=UTC)).owner == "ann"


def test_who_has_no_room_gets_nothing_until_a_lead_is_closed():
    policy = parse_policy(TEAM + "[routing.owners.ann]\ncapacity = 1\n[routing.owners.bob]\ncapacity = 0\n")
    owners, rota = shared_out(policy, 4)
    assert owners == ["ann", "cy", "cy", "cy"]
    freed = assign(rota, Assignment(request=1, owner="ann"), Assignment(request=2))
    assert choose(REQUEST, policy, freed, NOW).owner == "ann"


@pytest.mark.parametrize(
    ("at", "owner"),
    [
        pytest.param(datetime(2026, 3, 1, 14, 59, tzinfo=UTC), "ann", id="the day before, in Tokyo"),
        pytest.param(datetime(2026, 3, 1, 15, 0, tzinfo=UTC), "bob", id="the first day begins in Tokyo"),
        pytest.param(datetime(2026, 3, 3, 14, 59, tzinfo=UTC), "bob", id="the last day, still"),
        pytest.param(datetime(2026, 3, 3, 15, 0, tzinfo=UTC), "ann", id="back"),
    ],
)
def test_an_absence_counts_in_days_of_the_owners_zone(at: datetime, owner: str):
    policy = (
        TEAM
        + '[routing.owners.ann]\ncalendar = "tokyo"\nabsent = [{ from = 2026-03-02, to = 2026-03-03 }]\n'
        + '[calendars.tokyo]\nzone = "Asia/Tokyo"\nhours = ["09:00-17:00"]\n'
    )
    assert chosen(policy, at=at).owner == owner


RULES = """
[routing]
catch_all = "chief"
[[routing.rules]]
name = "named"
because = "a named account"
accounts = ["Fabrikam Incorporated", "contoso.example"]
owner = "ann"
[[routing.rules]]
name = "dach"
because = "speaks German"
when = { all = [{ fact = "country.code", in = ["DE", "AT"] }, { fact = "grade", in = ["A1", "B1"] }] }
team = "dach"
[routing.teams.dach]
members = ["bob"]
"""


@pytest.mark.parametrize(
    ("facts", "enrichment", "owner", "rule"),
    [
        ({}, Enrichment(company=CompanyFacts(key="fabrikam")), "ann", "named"),
        ({}, Enrichment(company=CompanyFacts(domain="contoso.example")), "ann", "named"),
        ({}, Enrichment(email=EmailFacts(domain="contoso.example")), "ann", "named"),
        ({"country.code": "DE", "grade": "A1"}, Enrichment(), "bob", "dach"),
        ({"country.code": "DE", "grade": "C3"}, Enrichment(), "chief", None),
        ({}, Enrichment(company=CompanyFacts(key="other")), "chief", None),
        ({}, Enrichment(), "chief", None),
    ],
)
def test_the_first_rule_that_fits_decides(facts: dict, enrichment: Enrichment, owner: str, rule: str | None):
    request = replace(REQUEST, facts=facts, enrichment=enrichment)
    seat = choose(request, parse_policy(RULES), Workload(), NOW)
    assert (seat.owner, seat.rule) == (owner, rule)


def test_a_rule_whose_people_are_away_leaves_the_lead_to_the_next_that_fits():
    away = RULES + "[routing.owners.ann]\ncapacity = 0\n"
    request = replace(
        REQUEST,
        facts={"country.code": "AT", "grade": "B1"},
        enrichment=Enrichment(company=CompanyFacts(key="fabrikam")),
    )
    seat = choose(request, parse_policy(away), Workload(), NOW)
    assert (seat.owner, seat.because) == ("bob", "speaks German; the longest wait of dach")


def test_who_missed_a_lead_does_not_get_it_again():
    request = replace(REQUEST, excluded="ann")
    assert choose(request, parse_policy(TEAM), Workload(), NOW).owner == "bob"


def test_the_catch_all_is_always_free():
    policy = TEAM + "".join(
        f"[routing.owners.{name}]\ncapacity = 0\n" for name in ("ann", "bob", "cy", "chief")
    )
    seat = chosen(policy)
    assert (seat.owner, seat.rule, seat.is_turn) == ("chief", None, False)


@examples(200)
@given(st.lists(st.sets(st.sampled_from(["ann", "bob", "cy"])), max_size=60))
def test_among_those_who_are_there_turns_never_differ_by_more_than_one(absences: list[set[str]]):
    """Whoever was there all the time got as many leads as any other who was, give or take one."""
    rota, counts = Workload(), Counter[str]()
    for away in absences:
        policy = parse_policy(
            TEAM + "".join(f"[routing.owners.{one}]\ncapacity = 0\n" for one in sorted(away))
        )
        seat = choose(REQUEST, policy, rota, NOW)
        rota = assign(rota, None, seat)
        counts[seat.owner or ""] += 1
    always = [name for name in ("ann", "bob", "cy") if not any(name in away for away in absences)]
    given_out = [counts[name] for name in always]
    assert not given_out or max(given_out) - min(given_out) <= 1


ONE_RULE = '[routing]\ncatch_all = "c"\n[[routing.rules]]\nname = "a"\nbecause = "b"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[[routing.rules]]\nname = "a"\nbecause = "b"\nowner = "c"',
            "`routing.catch_all` must name an owner",
        ),
        (
            '[routing]\ncatch_all = "c"\n[[routing.rules]]\nname = "a"\nbecause = "b"',
            "either `team` or `owner`",
        ),
        (
            ONE_RULE + 'team = "t"\nowner = "o"',
            "either `team` or `owner`",
        ),
        (
            ONE_RULE + 'team = "desk"',
            "`routing.rules.0.team` must be a team, not `desk`; teams: none",
        ),
        (
            '[routing.teams.desk]\nmembers = ["a", "a"]',
            "`routing.teams.desk.members.1` must not repeat a member",
        ),
        ("[routing.teams.desk]\nmembers = []", "`routing.teams.desk.members` .*1"),
        (
            "[routing.owners.a]\nabsent = [{ from = 2026-03-02, to = 2026-03-01 }]",
            "must not be before `from`, which is 2026-03-02",
        ),
        ('[routing.owners.a]\ncalendar = "x"', "`routing.owners.a.calendar` must be a calendar, not `x`"),
        ('[routing.teams.t]\nmembers = ["a"]\ncalendar = "x"', "`routing.teams.t.calendar`"),
        ('[routing]\ncatch_all = "c"\nsort_of = 1', "sort_of"),
        (
            ONE_RULE + 'owner = "o"\nwhen = { fact = "person.rnk", equals = "vp" }',
            "must be a known fact, not `person.rnk`, perhaps `person.rank`",
        ),
    ],
)
def test_a_policy_that_ends_nowhere_is_refused_with_the_place(text: str, says: str):
    with pytest.raises(InvalidPolicy, match=says):
        parse_policy(text)


def test_more_members_than_the_books_can_hold_are_refused():
    names = ", ".join(f'"{number}"' for number in range(400))
    with pytest.raises(InvalidPolicy, match="more than 1000 members together"):
        parse_policy("".join(f"[routing.teams.t{number}]\nmembers = [{names}]\n" for number in range(3)))
