"""A misspelt name of a fact is named with the one that is meant; a provider's own fact is fine."""

import pytest

from shared.policy.load import parse_policy
from shared.policy.spelling import slips
from tests.policy.refusals import lines
from tests.samples import with_rule

MISSPELT = {
    "donotcontact": "doNotContact",
    "doNotContacts": "doNotContact",
    "do_not_contact": "doNotContact",
    "doNotConatct": "doNotContact",
    "offertitle": "offerTitle",
    "offer_title": "offerTitle",
    "offerTitel": "offerTitle",
    "offers": "offer",
    "ofer": "offer",
    "Action": "action",
    "actions": "action",
    "aciton": "action",
    "touch": "touches",
    "touchs": "touches",
    "Source": "source",
    "sorce": "source",
    "notes": "note",
    "publishers": "publisher",
    "pubilsher": "publisher",
    "retuning": "returning",
    "timezone": "timeZone",
    "langauge": "language",
    "noteLenght": "noteLength",
    "completness": "completeness",
    "persons.rank": "person.rank",
    "companies.name": "company.name",
    "Email.kind": "email.kind",
    "contry.code": "country.code",
    "emailKind": "email.kind",
    "person_rank": "person.rank",
    "campaigns.utm_source": "campaign.utm_source",
    "fact.industry": "facts.industry",
    "Grade": "grade",
}
OF_THEIR_OWN = [
    "employees", "industry", "revenue", "role", "code", "name", "size", "region", "state", "status",
    "seats", "plan", "segment", "tier", "store", "vote", "node", "mode", "zone", "rate", "type", "stage",
    "owner", "option", "section", "resource", "course", "active", "timeline", "score", "grade", "qualified",
    "annualRevenue", "naicsCode", "founded", "web", "technology", "crm.stage", "campaign.utm_source",
    "facts.touch", "companySize", "customer", "partner", "city", "zip", "tags", "lifecycle", "priority",
    "contract", "office", "order", "title", "department", "domain", "hours", "touchpoints",
]  # fmt: skip


def on_fact(name: str) -> str:
    """A policy with a rule on this fact."""
    return with_rule(when=f'{{ fact = "{name}", exists = true }}')


@pytest.mark.parametrize(("written", "meant"), MISSPELT.items())
def test_a_misspelt_fact_is_refused_with_the_one_that_is_meant(written: str, meant: str):
    (line,) = lines(on_fact(written))
    assert f"must be a known fact, not `{written}`, perhaps `{meant}`" in line


@pytest.mark.parametrize("name", OF_THEIR_OWN)
def test_a_fact_of_a_providers_own_is_fine(name: str):
    assert parse_policy(on_fact(name)).scoring.models[0].rules


def test_a_fact_of_a_providers_own_that_looks_like_ours_is_there_under_facts():
    (line,) = lines(on_fact("touch"))
    assert line.endswith("a fact of your own with that name is `facts.touch`")
    assert parse_policy(on_fact("facts.touch")).scoring.models[0].rules


def test_every_mistake_is_named_wherever_it_is_written():
    text = on_fact("donotcontact") + (
        '[follow_up]\n[[follow_up.targets]]\nwhen = { any = [{ fact = "Action", equals = "PLT" }, '
        '{ not = { fact = "touch", range = [1, 2] } }] }\ntarget = "1h"\nbecause = "so"\n'
    )
    assert len(lines(text)) == 3


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("", "", 0), ("note", "", 4), ("note", "noet", 1), ("note", "node", 1), ("ca", "abc", 3)],
)
def test_slips_are_letters_left_out_added_replaced_and_turned_round(one: str, other: str, count: int):
    assert slips(one, other) == count
