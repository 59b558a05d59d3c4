"""Replay dead letters: send them again, then take them out."""

import asyncio
from collections.abc import Collection
from contextlib import suppress

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import MessageLockLostError, MessageSizeExceededError

from local.cli.dead_letters.copies import NotCopyable, copy_of
from local.cli.dead_letters.links import sentence
from shared.messaging.link import BUS_ERRORS
from shared.services.timeouts import CLOSE_TIMEOUT

WAIT_FOR_NEXT = 5.0  # seconds until a message that was seen, but doesn't come, counts as held by others

PERHAPS_SENT = "perhaps sent, not taken out"
SENT = "sent, but perhaps not taken out"
LOCK_ENDED = "sent, but its lock ended before it was taken out: another replay sends it twice"
Outcomes = dict[int, str | None]  # by sequence number: why it was left, None = replayed


async def replay(
    dead: ServiceBusReceiver, alive: ServiceBusSender, wanted: Collection[int], others: int, patience: float
) -> Outcomes:
    """Send messages again, one at a time, and take each out once the bus has confirmed the new one.

    Stopped in between, a message is there twice rather than nowhere. A queue gives its messages in their
    order only: those that lie before a wanted one are locked meanwhile, and given back with their delivery
    count raised by one. What goes wrong is an outcome, not an error; without the bus the rest isn't tried.

    Args:
        dead: receives the dead letters.
        alive: sends to the entity.
        wanted: sequence numbers.
        others: how many other messages may be locked on the way.
        patience: seconds for each answer of the bus.

    Returns:
        An outcome for every wanted number.
    """
    outcomes: Outcomes = {}
    held: list[ServiceBusReceivedMessage] = []
    rest = "another receiver holds it, or has taken it"
    try:
        while len(outcomes) < len(wanted):
            received = await dead.receive_messages(1, max_wait_time=WAIT_FOR_NEXT)
            if not received:
                break
            number = received[0].sequence_number or 0
            if number in wanted and number not in outcomes:
                await _replay_one(received[0], dead, alive, outcomes, patience)
            if outcomes.get(number, "not wanted"):
                held.append(received[0])
            if len(held) > others:
                rest = f"more than {others} other messages lie before it (--limit)"
                break
    except BUS_ERRORS as exc:
        why = sentence(exc, patience)
        rest = f"not tried: {why}"
        outcomes |= {n: f"{state}: {why}" for n, state in outcomes.items() if state in (PERHAPS_SENT, SENT)}
    finally:
        await _give_back(held, dead)
    return {number: outcomes.get(number, rest) for number in wanted}


async def _replay_one(
    message: ServiceBusReceivedMessage,
    dead: ServiceBusReceiver,
    alive: ServiceBusSender,
    outcomes: Outcomes,
    patience: float,
) -> None:
    """Send a copy, then take the dead letter out. Its outcome is true wherever this is interrupted."""
    number = message.sequence_number or 0
    try:
        copy = copy_of(message)
        outcomes[number] = PERHAPS_SENT
        async with asyncio.timeout(patience):
            await alive.send_messages(copy)
        outcomes[number] = SENT
        async with asyncio.timeout(patience):
            await dead.complete_message(message)
        outcomes[number] = None
    except NotCopyable as exc:
        outcomes[number] = str(exc)
    except MessageSizeExceededError:
        outcomes[number] = "it is larger than the bus takes"
    except MessageLockLostError:
        outcomes[number] = LOCK_ENDED


async def _give_back(held: Collection[ServiceBusReceivedMessage], dead: ServiceBusReceiver) -> None:
    with suppress(*BUS_ERRORS):  # the locks of the rest end by themselves
        async with asyncio.timeout(CLOSE_TIMEOUT):
            for message in held:
                with suppress(MessageLockLostError):
                    await dead.abandon_message(message)
