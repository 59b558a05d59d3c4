"""A lead gets its score."""

from datetime import timedelta

from shared.leads.worth import record_score
from tests.pure.examples import NOTHING_KNOWN, NOW, lead, worth


def test_the_milestone_is_reached_once_even_if_the_lead_qualifies_again():
    one = lead()
    for hours, qualified in enumerate((True, False, True)):
        score = worth(60, qualified=qualified)
        one = record_score(one, NOTHING_KNOWN, score, NOW + timedelta(hours=hours)).lead
    assert [stone.at for stone in one.milestones if stone.what == "qualified"] == [NOW]
