"""The owner of a lead: the first rule that fits and has somebody free, else the catch-all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from shared.leads.enrichment import Enrichment
from shared.policy.model import Policy
from shared.policy.routing import RoutingRule, TakeTurns, Team
from shared.routing.workload import Assignment, Workload
from shared.scoring.conditions import holds


@dataclass(frozen=True, slots=True)
class Request:
    """A lead that needs an owner."""

    number: int  # of the lead's request
    facts: Mapping[str, Any]  # by name, grade, score and qualified among them
    enrichment: Enrichment
    excluded: str | None = None  # the owner who had it and missed it


def choose(request: Request, policy: Policy, workload: Workload, now: datetime) -> Assignment:
    """Who gets the lead, and why. Pure: the same workload gives the same answer.

    Args:
        request: the lead.
        policy: rules, teams, owners, calendars. There must be a catch-all.
        workload: turns and open leads so far.
        now: aware UTC; an absence counts in days of the owner's zone.
    """
    rules = _Rules(request, policy, workload, now)
    for rule in policy.routing.rules:
        seat = rules.seat_by(rule) if _fits(rule, request) else None
        if seat is not None:
            return seat
    catch_all = policy.routing.catch_all
    team = policy.routing.team_of(catch_all)
    return Assignment(
        request=request.number, owner=catch_all, team=team, because="no rule matched: catch-all"
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """What all rules look at."""

    request: Request
    policy: Policy
    workload: Workload
    at: datetime

    def seat_by(self, rule: RoutingRule) -> Assignment | None:
        """None if nobody of the rule is free."""
        if rule.owner is not None:
            team = self.policy.routing.team_of(rule.owner)
            return self._seat(rule, rule.owner, team) if self._is_free(rule.owner, team) else None
        name = rule.team or ""
        team_policy = self.policy.routing.teams[name]
        free = [member for member in team_policy.members if self._is_free(member, name)]
        return self._seat(rule, _next(free, name, team_policy, self.workload), name) if free else None

    def _seat(self, rule: RoutingRule, owner: str, team: str | None) -> Assignment:
        how = "" if rule.team is None else f"; {_WHY[self.policy.routing.teams[rule.team].by]} of {team}"
        return Assignment(
            request=self.request.number,
            owner=owner,
            team=team,
            rule=rule.name,
            because=rule.because + how,
            is_turn=rule.team is not None,
        )

    def _is_free(self, name: str, team: str | None) -> bool:
        """Is there, has room for one more lead, and hasn't just missed this one."""
        owner = self.policy.routing.owner(name)
        has_room = owner.capacity is None or self.workload.open_leads.get(name, 0) < owner.capacity
        today = self._today(name, team)
        is_away = any(away.from_ <= today <= away.to for away in owner.absent)
        return has_room and not is_away and name != self.request.excluded

    def _today(self, owner: str, team: str | None) -> date:
        calendar = self.policy.calendar_for(owner, team)
        return (self.at if calendar is None else self.at.astimezone(ZoneInfo(calendar.zone))).date()


_WHY = {
    TakeTurns.FIXED: "the first",
    TakeTurns.ROUND_ROBIN: "the longest wait",
    TakeTurns.LEAST_OPEN: "the fewest open leads",
}


def _next(free: Sequence[str], name: str, team: Team, workload: Workload) -> str:
    """Whose turn it is; of two alike the one who is named first."""
    waited = workload.last_turns.get(name, {})
    match team.by:
        case TakeTurns.FIXED:
            return free[0]
        case TakeTurns.ROUND_ROBIN:
            return min(free, key=lambda one: waited.get(one, 0))
        case TakeTurns.LEAST_OPEN:
            return min(free, key=lambda one: (workload.open_leads.get(one, 0), waited.get(one, 0)))


def _fits(rule: RoutingRule, request: Request) -> bool:
    if rule.accounts and not _is_account(rule.accounts, request.enrichment):
        return False
    return rule.when is None or holds(rule.when, request.facts)


def _is_account(accounts: Sequence[str], enrichment: Enrichment) -> bool:
    """One of them is the lead's company in any spelling, or its domain."""
    domains = {enrichment.company.domain, enrichment.email.domain} - {None}
    key = enrichment.company.key
    return any(one.casefold() in domains or (key is not None and _key(one) == key) for one in accounts)


@lru_cache(maxsize=20_000)
def _key(account: str) -> str | None:
    from shared.enrichment.company import company_key  # noqa: PLC0415 - only where accounts are named

    return company_key(account)
