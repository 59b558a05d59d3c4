"""What a policy may say: every table."""

from msgspec import Struct

from shared.policy.duration import Duration
from shared.policy.scoring import ScoringPolicy


class FollowUpPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast somebody must call."""

    target: Duration = Duration(hours=24)


class Offer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One offer of ours."""

    titles: tuple[str, ...] = ()


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy."""

    follow_up: FollowUpPolicy
    offers: dict[str, Offer]
    scoring: ScoringPolicy
