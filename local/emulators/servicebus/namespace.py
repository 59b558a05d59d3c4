"""The entities of one emulator and their addresses; topics copy messages to their subscriptions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from local.emulators.servicebus.addressable_heap import AddressableHeap
from local.emulators.servicebus.entities import Clock, Queue, QueueSettings, queue_with_dead_letters
from local.emulators.servicebus.errors import EntityNotFoundError, MessageNotFoundError, NotAllowedError
from local.emulators.servicebus.filters import RuleFilter
from local.emulators.servicebus.message import Message

_SCHEME_AND_HOST = re.compile(r"^\w+://[^/]*/")


@dataclass(frozen=True)
class Subscription:
    """A queue that gets the messages that match at least one rule."""

    queue: Queue
    rules: Sequence[RuleFilter]

    def matches(self, message: Message) -> bool:
        return any(rule.matches(message) for rule in self.rules)


class Topic:
    """Copies each message to the subscriptions that match it; holds scheduled ones until they are due."""

    def __init__(
        self, path: str, subscriptions: Sequence[Subscription], time_to_live: timedelta | None, clock: Clock
    ) -> None:
        self.path = path
        self.subscriptions = subscriptions
        self._time_to_live = time_to_live
        self._clock = clock
        self._last_number = 0
        self._scheduled_messages: dict[int, Message] = {}
        self._scheduled: AddressableHeap[int] = AddressableHeap()

    def send(self, message: Message) -> int:
        """Fan a message out, at once or at its scheduled time. Returns its sequence number, from 1."""
        self._last_number = number = self._last_number + 1
        due = message.scheduled_for
        if due is not None and due > self._clock():
            self._scheduled_messages[number] = message
            self._scheduled.put(number, due)
        else:
            self._fan_out(message, number)
        return number

    def cancel_scheduled(self, sequence_number: int) -> None:
        """Delete a scheduled message.

        Raises:
            MessageNotFoundError: no scheduled message has this number, or it is fanned out already.
        """
        self.advance()
        if self._scheduled_messages.pop(sequence_number, None) is None:
            raise MessageNotFoundError(sequence_number)
        self._scheduled.discard(sequence_number)

    def advance(self) -> None:
        """Fan out the scheduled messages that are due."""
        while (number := self._scheduled.pop(self._clock())) is not None:
            self._fan_out(self._scheduled_messages.pop(number), number)

    def _fan_out(self, message: Message, number: int) -> None:
        for subscription in self.subscriptions:
            if subscription.matches(message):
                subscription.queue.send(message, self._time_to_live, number)


type Entity = Queue | Topic


class Namespace:
    """Finds entities by address, whatever its case."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._destinations: dict[str, Entity] = {}  # what clients send to
        self._sources: dict[str, Queue] = {}  # what they receive from

    def add_queue(self, path: str, settings: QueueSettings) -> Queue:
        """Add a queue and its dead-letter queue, which clients can't send to."""
        queue = self._add_source(path, settings)
        self._destinations[path.lower()] = queue
        return queue

    def add_topic(
        self,
        name: str,
        time_to_live: timedelta | None,
        subscriptions: Mapping[str, tuple[QueueSettings, Sequence[RuleFilter]]],
    ) -> Topic:
        """Add a topic with its subscriptions, by their names."""
        attached = [
            Subscription(self._add_source(f"{name}/Subscriptions/{subscription}", settings), rules)
            for subscription, (settings, rules) in subscriptions.items()
        ]
        self._destinations[name.lower()] = topic = Topic(name, attached, time_to_live, self._clock)
        return topic

    def _add_source(self, path: str, settings: QueueSettings) -> Queue:
        queue = queue_with_dead_letters(path, settings, self._clock)
        for source in (queue, queue.dead_letters):
            if source is not None:
                self._sources[source.path.lower()] = source
        return queue

    def find(self, address: str) -> Entity:
        """The entity at an address, with or without scheme and host in front.

        Raises:
            EntityNotFoundError: there is none.
        """
        path = entity_path(address)
        entity = self._destinations.get(path) or self._sources.get(path)
        if entity is None:
            raise EntityNotFoundError(address)
        return entity

    def destination(self, address: str) -> Entity:
        """The queue or topic at an address.

        Raises:
            EntityNotFoundError: there is nothing.
            NotAllowedError: it is a subscription or a dead-letter queue.
        """
        entity = self.find(address)
        if entity_path(address) not in self._destinations:
            raise NotAllowedError(f"Messages can't be sent to '{entity.path}', only received from it.")
        return entity

    def source(self, address: str) -> Queue:
        """The queue, subscription or dead-letter queue at an address.

        Raises:
            EntityNotFoundError: there is nothing.
            NotAllowedError: it is a topic.
        """
        entity = self.find(address)
        if isinstance(entity, Topic):
            raise NotAllowedError(f"'{entity.path}' is a topic: receive from one of its subscriptions.")
        return entity

    def advance(self) -> None:
        """Do what is due in every entity."""
        for destination in self._destinations.values():
            if isinstance(destination, Topic):
                destination.advance()
        for source in self._sources.values():
            source.advance()


def entity_path(address: str) -> str:
    """The path in an address such as `amqps://localhost:5672/leads`, in lower case."""
    return _SCHEME_AND_HOST.sub("", address).strip("/").lower()
