"""What follows from a change by the policy, whoever made it."""

from shared.leads.assignment import with_assignment
from shared.leads.change import Change
from shared.leads.deadline import with_deadline
from shared.leads.lead import Lead
from shared.leads.retention import with_retention
from shared.policy.model import Policy


def with_consequences(before: Lead | None, change: Change, policy: Policy) -> Change:
    """The change as it is stored.

    Args:
        before: the lead as it was; None for a new one.
        change: what a use case wants.
        policy: deadlines, owners, how long leads are kept.
    """
    if change.lead.is_erased:
        return change
    promised = with_deadline(with_assignment(before, change, policy), policy)
    return with_retention(promised, policy.retention)
