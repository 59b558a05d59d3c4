"""A consultant's table of points, written as a policy: it adds up as told."""

from datetime import timedelta
from typing import Any

import pytest

from shared.leads.interactions import Interaction
from shared.policy.load import parse_policy
from shared.scoring.score import score
from tests.samples import NOW

POLICY = parse_policy("""
[scoring]
interactions = [
    "email_opened", "pricing_page_visited", "tutorial_watched", "request_sent", "newsletter_subscribed",
]

[[scoring.models]]
name = "consultant"
qualify = { enter = 60 }

[scoring.models.groups]
fit = { cap = 60, grades = { A = 45, B = 30, C = 15 } }
intent = { cap = 54, grades = { 1 = 40, 2 = 20, 3 = 10 } }

[[scoring.models.rules]]
name = "opened"
group = "intent"
behaviour = { interaction = "email_opened" }
points = 2
because = "opened an e-mail"

[[scoring.models.rules]]
name = "prices"
group = "intent"
behaviour = { interaction = "pricing_page_visited" }
points = 10
because = "visited the page of prices"

[[scoring.models.rules]]
name = "tutorial"
group = "intent"
behaviour = { interaction = "tutorial_watched" }
points = 20
because = "watched a tutorial of the product"

[[scoring.models.rules]]
name = "request"
group = "intent"
behaviour = { interaction = "request_sent" }
points = 10
because = "sent a request"

[[scoring.models.rules]]
name = "newsletter"
group = "intent"
behaviour = { interaction = "newsletter_subscribed" }
points = 12
because = "subscribed to the newsletter"

[[scoring.models.rules]]
name = "technology"
group = "fit"
when = { fact = "industry", in = ["technology", "software"] }
points = 15
because = "works in technology or software"

[[scoring.models.rules]]
name = "manufacturing"
group = "fit"
when = { fact = "industry", equals = "manufacturing" }
points = 10
because = "works in manufacturing"

[[scoring.models.rules]]
name = "founder"
group = "fit"
when = { fact = "contact.title", contains = "founder" }
points = 20
because = "founded the company"

[[scoring.models.rules]]
name = "manager"
group = "fit"
when = { fact = "contact.title", contains = "manager" }
points = 10
because = "is a manager"

[[scoring.models.rules]]
name = "decides"
group = "fit"
when = { any = [
    { fact = "person.rank", in = ["owner", "c_level", "vp", "director"] },
    { fact = "contact.title", contains = "senior manager" },
] }
points = 20
because = "decides: senior manager and up"

[[scoring.models.rules]]
name = "wrong-profile"
group = "fit"
when = { fact = "person.rank", equals = "assistant" }
points = -15
because = "a profile that doesn't fit"
""").scoring

ALL = ("email_opened", "pricing_page_visited", "tutorial_watched", "request_sent", "newsletter_subscribed")
FOUNDER = {"industry": "Software", "contact.title": "Founder", "person.rank": "owner"}


@pytest.mark.parametrize(
    ("facts", "done", "fit", "intent"),
    [
        pytest.param({}, (), 0, 0, id="nobody"),
        pytest.param({}, ("email_opened",), 0, 2, id="opened a mail"),
        pytest.param({}, ("pricing_page_visited",), 0, 10, id="looked at prices"),
        pytest.param({}, ("tutorial_watched",), 0, 20, id="watched a tutorial"),
        pytest.param({}, ("request_sent",), 0, 10, id="sent a request"),
        pytest.param({}, ("newsletter_subscribed",), 0, 12, id="subscribed"),
        pytest.param({}, ALL, 0, 54, id="did everything"),
        pytest.param({"industry": "technology"}, (), 15, 0, id="technology"),
        pytest.param({"industry": "manufacturing"}, (), 10, 0, id="manufacturing"),
        pytest.param({"contact.title": "Founder"}, (), 20, 0, id="a founder"),
        pytest.param({"contact.title": "Manager"}, (), 10, 0, id="a manager"),
        pytest.param({"contact.title": "Senior Manager"}, (), 30, 0, id="a senior manager decides"),
        pytest.param(FOUNDER, ALL[:2], 55, 12, id="a founder of a software firm who looked at prices"),
        pytest.param({**FOUNDER, "person.rank": "assistant"}, (), 20, 0, id="a profile that doesn't fit"),
    ],
)
def test_the_points_add_up_as_told(facts: dict[str, Any], done: tuple[str, ...], fit: int, intent: int):
    interactions = [Interaction(type=type_, at=NOW, number=number) for number, type_ in enumerate(done, 2)]
    found = score(facts, interactions, POLICY, NOW)
    assert (found.fit, found.intent, found.total) == (fit, intent, min(fit + intent, 100))
    assert sum(line.points for line in found.ledger) == found.total


def test_a_tutorial_counts_as_much_a_year_later_as_the_table_knows_no_time():
    long_ago = Interaction(type="tutorial_watched", at=NOW - timedelta(days=365), number=2)
    assert score({}, [long_ago], POLICY, NOW).intent == 20
