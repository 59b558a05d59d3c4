"""The clock says that nobody has called yet."""

from collections.abc import Callable
from datetime import datetime

from shared.leads.alarm import escalate_missed, flag_missed, remind_of_contact, warn_soon
from shared.leads.change import Change
from shared.leads.lead import DueKind, Lead
from shared.policy.model import Policy
from shared.services.assign import assign_at_once
from shared.services.change_lead import change_lead
from shared.services.desk import Desk
from shared.services.publish import publish_and_note

_ALARMS: dict[DueKind, Callable[[Lead, Policy, datetime], Change | None]] = {
    DueKind.DUE_SOON: warn_soon,
    DueKind.FOLLOW_UP: flag_missed,
    DueKind.ESCALATE: escalate_missed,
    DueKind.NEXT_CONTACT: remind_of_contact,
}


async def raise_alarm(desk: Desk, lead_id: str, kind: DueKind, *, now: datetime) -> None:
    """Warn, flag, escalate or remind if it is (still) due, and say so. A second call does nothing."""
    alarm = _ALARMS[kind]
    outcome = await change_lead(desk, lead_id, lambda lead: alarm(lead, desk.policy, now))
    await publish_and_note(desk, outcome)
    await assign_at_once(desk, outcome, now)
