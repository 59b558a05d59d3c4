"""A clock that moves only when told to, a receiver that keeps what it gets, messages."""

from local.emulators.servicebus import codec
from local.emulators.servicebus.entities import BrokeredMessage, Queue
from local.emulators.servicebus.message import Message

START = 1_000_000.0
LOCK = 60.0  # seconds


class Clock:
    """Seconds since the epoch."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Receiver:
    """A consumer that keeps what it gets."""

    def __init__(self, credit: int = 1000, *, receives_and_deletes: bool = False) -> None:
        self.credit = credit
        self.receives_and_deletes = receives_and_deletes
        self.received: list[BrokeredMessage] = []
        self.tokens = []

    @property
    def has_credit(self) -> bool:
        return self.credit > 0

    def deliver(self, brokered: BrokeredMessage) -> None:
        self.credit -= 1
        self.received.append(brokered)
        self.tokens.append(brokered.lock_token)

    @property
    def bodies(self) -> list[bytes]:
        return [brokered.message.body for brokered in self.received]


def subscribed(queue: Queue, credit: int = 1000, **options) -> Receiver:
    receiver = Receiver(credit, **options)
    queue.subscribe(receiver)
    return receiver


def message(body: str = "m", due: float | None = None, ttl: float | None = None) -> Message:
    annotations = (
        () if due is None else (("x-opt-scheduled-enqueue-time", codec.encode_timestamp(round(due * 1000))),)
    )
    return Message(body=body.encode(), annotations=annotations, time_to_live=ttl)


def dead_letters(queue: Queue) -> list[BrokeredMessage]:
    assert queue.dead_letters is not None
    return queue.dead_letters.peek(0, 100)
