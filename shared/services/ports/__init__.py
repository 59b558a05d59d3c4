"""What the use cases need from the outside world. `storage`, `messaging` and `providers` satisfy it."""

from shared.services.ports.bus import (
    DeadLetters,
    EventPublisher,
    MessageQueue,
    QueuedMessage,
    UnreadMessage,
    UnreadMessages,
)
from shared.services.ports.errors import (
    BusUnavailable,
    ImportChanged,
    LeadChanged,
    LeadExists,
    LeadNotFound,
    PageLost,
    PersonNotFound,
    StoreUnavailable,
)
from shared.services.ports.facts import FactProvider
from shared.services.ports.lead_store import LeadStore
from shared.services.ports.marketplace_import import (
    ImportLedger,
    MarketplaceTable,
    RefusedRow,
    SourcePage,
    StoredImport,
)
from shared.services.ports.stored import DueRow, LeadFilter, StoredLead, StoredRota, WorthPage

__all__ = [
    "BusUnavailable",
    "DeadLetters",
    "DueRow",
    "EventPublisher",
    "FactProvider",
    "ImportChanged",
    "ImportLedger",
    "LeadChanged",
    "LeadExists",
    "LeadFilter",
    "LeadNotFound",
    "LeadStore",
    "MarketplaceTable",
    "MessageQueue",
    "PageLost",
    "PersonNotFound",
    "QueuedMessage",
    "RefusedRow",
    "SourcePage",
    "StoreUnavailable",
    "StoredImport",
    "StoredLead",
    "StoredRota",
    "UnreadMessage",
    "UnreadMessages",
    "WorthPage",
]
