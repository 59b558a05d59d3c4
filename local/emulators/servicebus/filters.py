"""Rules of a subscription: which messages of its topic it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.emulators.servicebus.message import Message

# Names of the official Config.json and of SQL's `sys.` scope, and the AMQP property each one means.
SYSTEM_PROPERTIES = {
    "ContentType": "content_type",
    "CorrelationId": "correlation_id",
    "Label": "subject",
    "MessageId": "message_id",
    "ReplyTo": "reply_to",
    "ReplyToSessionId": "reply_to_group_id",
    "SessionId": "group_id",
    "To": "to",
}


class RuleFilter(Protocol):
    """A predicate on messages."""

    def matches(self, message: Message) -> bool: ...


@dataclass(frozen=True)
class TrueFilter:
    """Matches every message: what a subscription without rules has."""

    def matches(self, message: Message) -> bool:  # noqa: ARG002 - the interface
        return True


@dataclass(frozen=True)
class CorrelationFilter:
    """Matches messages that have all of these values; text compares exactly, case included."""

    system: Mapping[str, str] = field(default_factory=dict)  # keys are those of SYSTEM_PROPERTIES
    application: Mapping[str, Any] = field(default_factory=dict)

    def matches(self, message: Message) -> bool:
        return all(
            _equal(message.properties[SYSTEM_PROPERTIES[name]], wanted)
            for name, wanted in self.system.items()
        ) and all(
            _equal(message.application_properties.get(name), wanted)
            for name, wanted in self.application.items()
        )


def _equal(value: Any, wanted: Any) -> bool:
    """Whether they are the same value of the same kind: in Python `True == 1`, in Service Bus not."""
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted
