"""What CRMs and salespeople tell about a lead: by clocks of their own, late, and in any order."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from shared.leads.commands import ReportFacts, ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.lead import LeadStatus
from shared.services.activity import Report

MOST_OFF = timedelta(minutes=1)  # how far a clock is off, at most
HAPPENS_WITHIN = 1500.0  # seconds after the push: some before the deadline, some after it
TOLD_AFTER = 300.0  # seconds on average
LATEST = 2400.0  # seconds
# Two clocks may be a minute off each: what is reported of a lead happens after its push by every clock, and
# what is told was before by every clock.
SOONEST = 125.0  # seconds
AT_ONCE = 0.3  # share of calls that are told while they end, without an instant


def a_clock(chance: random.Random) -> timedelta:
    """How far a clock is off."""
    return chance.uniform(-1, 1) * MOST_OFF


def reports_of(chance: random.Random, pushed_at: datetime, name: str) -> Iterator[tuple[float, Report]]:
    """What follows from a push: in how many seconds it is told, and what.

    Args:
        chance: decides everything.
        pushed_at: true time, aware UTC.
        name: of the push; the reports' ids begin with it.
    """
    for number, (share, make) in enumerate(_KINDS):
        if chance.random() >= share:
            continue
        happens_in = SOONEST + chance.random() * HAPPENS_WITHIN
        told_in = min(SOONEST + chance.expovariate(1 / TOLD_AFTER), LATEST)
        at = pushed_at + timedelta(seconds=happens_in) + a_clock(chance)
        report = make(chance, at)
        if isinstance(report, ReportFollowUp) and chance.random() < AT_ONCE:
            report, told_in = replace(report, at=None), 0.0
        yield happens_in + told_in, replace(report, id=f"{name}-{number}")


def _called(_: random.Random, at: datetime) -> Report:
    return ReportFollowUp(by="sam", at=at)


def _reached(chance: random.Random, at: datetime) -> Report:
    """A status that every other one may become: that some may not is the business of other tests."""
    return UpdateLead(status=chance.choice([LeadStatus.LOST, LeadStatus.NURTURING]), at=at, by="crm")


def _permitted(chance: random.Random, at: datetime) -> Report:
    return UpdateLead(do_not_contact=chance.random() < 0.5, at=at, by="crm")


def _given(chance: random.Random, at: datetime) -> Report:
    return UpdateLead(owner=chance.choice(["ann", "bob"]), at=at, by="crm")


def _learnt(chance: random.Random, at: datetime) -> Report:
    return ReportFacts(facts={"industry": chance.choice(["software", "retail"])}, at=at)


def _visited(_: random.Random, at: datetime) -> Report:
    return ReportInteraction(type="pricing_page_visited", at=at)


_KINDS: tuple[tuple[float, Callable[[random.Random, datetime], Report]], ...] = (
    (0.35, _called),
    (0.15, _reached),
    (0.1, _permitted),
    (0.1, _given),
    (0.2, _learnt),
    (0.3, _visited),
)
"""What may follow from a push, and how often it does."""
