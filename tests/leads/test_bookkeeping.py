"""What a lead that grew too large lets go of."""

from copy import replace

from shared.leads.bookkeeping import Bookkeeping, Idempotency, ScoringState, lightened
from shared.leads.interactions import Interaction
from tests.samples import NOW

VISITS = tuple(Interaction(type="call", at=NOW, number=number) for number in range(25))
REPORTS = tuple(f"report-{number}" for number in range(3))


def test_the_oldest_interactions_go_first_then_the_oldest_reports_and_then_nothing_is_left():
    full = Bookkeeping(
        scoring=ScoringState(interactions=VISITS), idempotency=Idempotency(reports=REPORTS, operations=("o",))
    )
    lighter = lightened(full)
    assert lighter == replace(full, scoring=ScoringState(interactions=VISITS[2:]))
    kept = []
    while (lighter := lightened(lighter)) is not None:
        kept.append((len(lighter.scoring.interactions), len(lighter.idempotency.reports)))
    assert kept == sorted(kept, reverse=True)
    assert kept[-3:] == [(0, 2), (0, 1), (0, 0)]
