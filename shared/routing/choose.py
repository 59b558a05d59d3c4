"""Choose the owner of a lead: the first rule that matches and has an available owner, else the catch-all."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from shared.leads.enrichment import Enrichment
from shared.policy.model import Policy
from shared.policy.routing import RoutingRule, TakeTurns, Team
from shared.routing.workload import Assignment, Workload
from shared.scoring.conditions import holds


class Request(NamedTuple):
    """A lead that needs an owner."""

    number: int  # the lead's request number
    facts: Mapping[str, Any]  # by name, with grade, score and qualified
    enrichment: Enrichment
    excluded: str | None = None  # the owner who missed the lead


def choose(request: Request, policy: Policy, workload: Workload, now: datetime) -> Assignment:
    """Choose the owner, with the reason. Pure: the same workload gives the same answer.

    Round robin gives the lead to the available member whose last turn is the longest ago: of ada (turn 7),
    sam (turn 5) and kim (no turn yet), it is kim, then sam, then ada.

    Args:
        request: the lead's request.
        policy: rules, teams, owners, calendars. There must be a catch-all.
        workload: turns and open leads so far.
        now: aware UTC; absences are days in the owner's zone.
    """
    rules = _Rules(request, policy, workload, now)
    for rule in policy.routing.rules:
        assignment = rules.assign_by(rule) if _matches(rule, request) else None
        if assignment is not None:
            return assignment
    catch_all = policy.routing.catch_all
    team = policy.routing.team_of(catch_all)
    return Assignment(
        request=request.number, owner=catch_all, team=team, because="no rule matched: catch-all"
    )


class _Rules(NamedTuple):
    """The request, policy and workload that every rule is tried with."""

    request: Request
    policy: Policy
    workload: Workload
    at: datetime

    def assign_by(self, rule: RoutingRule) -> Assignment | None:
        """The assignment by this rule; None if no owner of the rule is available."""
        if rule.owner is not None:
            team = self.policy.routing.team_of(rule.owner)
            return self._assignment(rule, rule.owner, team) if self._is_available(rule.owner, team) else None
        name = rule.team or ""
        team_policy = self.policy.routing.teams[name]
        available = [member for member in team_policy.members if self._is_available(member, name)]
        if not available:
            return None
        return self._assignment(rule, _next(available, name, team_policy, self.workload), name)

    def _assignment(self, rule: RoutingRule, owner: str, team: str | None) -> Assignment:
        turn = "" if rule.team is None else f"; {_WHY[self.policy.routing.teams[rule.team].by]} of {team}"
        return Assignment(
            request=self.request.number,
            owner=owner,
            team=team,
            rule=rule.name,
            because=rule.because + turn,
            is_turn=rule.team is not None,
        )

    def _is_available(self, name: str, team: str | None) -> bool:
        """The owner isn't absent, has capacity for one more lead, and hasn't just missed this one."""
        owner = self.policy.routing.owner(name)
        has_capacity = owner.capacity is None or self.workload.open_leads.get(name, 0) < owner.capacity
        today = self._today(name, team)
        is_absent = any(absence.from_ <= today <= absence.to for absence in owner.absent)
        return has_capacity and not is_absent and name != self.request.excluded

    def _today(self, owner: str, team: str | None) -> date:
        calendar = self.policy.calendar_for(owner, team)
        return (self.at if calendar is None else self.at.astimezone(ZoneInfo(calendar.zone))).date()


_WHY = {
    TakeTurns.FIXED: "the first",
    TakeTurns.ROUND_ROBIN: "the longest wait",
    TakeTurns.LEAST_OPEN: "the fewest open leads",
}


def _next(available: Sequence[str], name: str, team: Team, workload: Workload) -> str:
    """The member whose turn it is; between equals, the one listed first."""
    last_turns = workload.last_turns.get(name, {})
    match team.by:
        case TakeTurns.FIXED:
            return available[0]
        case TakeTurns.ROUND_ROBIN:
            return min(available, key=lambda member: last_turns.get(member, 0))
        case TakeTurns.LEAST_OPEN:
            open_leads = workload.open_leads
            return min(available, key=lambda member: (open_leads.get(member, 0), last_turns.get(member, 0)))


def _matches(rule: RoutingRule, request: Request) -> bool:
    if rule.accounts and not _is_account(rule.accounts, request.enrichment):
        return False
    return rule.when is None or holds(rule.when, request.facts)


def _is_account(accounts: Sequence[str], enrichment: Enrichment) -> bool:
    """The list has the lead's company, in any spelling, or its domain."""
    domains = {enrichment.company.domain, enrichment.email.domain} - {None}
    key = enrichment.company.key
    return any(
        account.casefold() in domains or (key is not None and _key(account) == key) for account in accounts
    )


@lru_cache(maxsize=20_000)
def _key(account: str) -> str | None:
    from shared.enrichment.company import company_key  # noqa: PLC0415 - only where accounts are named

    return company_key(account)
