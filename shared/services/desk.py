"""The desk: everything that a use case is given."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.policy.model import Policy
from shared.services.ports import EventPublisher, LeadStore


@dataclass(frozen=True)
class Desk:
    """Ports, policy and sources of chance. Wired once by `bootstrap`, by hand in tests."""

    store: LeadStore
    publisher: EventPublisher
    policy: Policy
    id_key: bytes  # secret
    new_id: Callable[[], str]  # of an operation
    chance: Callable[[], float]  # 0-1, for jitter
