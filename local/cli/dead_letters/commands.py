"""The three commands: each reads the bus, prints, and returns its exit code."""

import argparse
import asyncio
from pathlib import Path

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from local.cli.dead_letters.links import BusRefused, Place, peek, refusals
from local.cli.dead_letters.replaying import Outcomes, replay
from local.cli.dead_letters.report import listed, summed, told
from local.emulators import servicebus
from local.emulators.servicebus.config import load_config
from shared.messaging.link import opened

ENTITIES = Path(servicebus.__file__).with_name("Config.json")


async def show_list(client: ServiceBusClient, args: argparse.Namespace) -> int:
    """Print every place with its dead letters, a line each."""
    places = [args.place] if args.place else shipped_places()
    by_place = await asyncio.gather(
        *(_peeked(client, place, args.limit + 1, args.timeout) for place in places), return_exceptions=True
    )
    for place, messages in zip(places, by_place, strict=True):
        if isinstance(messages, BaseException):
            raise messages
        print("\n".join(listed(place, messages, args.limit)))
    return 0


async def show(client: ServiceBusClient, args: argparse.Namespace) -> int:
    """Print one dead letter with all its parts."""
    messages = await _peeked(client, args.place, 1, args.timeout, args.sequence)
    if not messages or messages[0].sequence_number != args.sequence:
        raise BusRefused(f"{args.place} has no dead letter {args.sequence}.")
    print("\n".join(told(messages[0])))
    return 0


async def send_again(client: ServiceBusClient, args: argparse.Namespace) -> int:
    """Replay the given dead letters, or all there are now; print which were left, and why."""
    place, patience = args.place, args.timeout
    with refusals(place, patience):
        async with opened(place.receiver(client), patience) as dead:
            numbers = await _find_numbers(dead, args)
            wanted = numbers if args.sequences else numbers[: args.limit]
            outcomes: Outcomes = dict.fromkeys(args.sequences, "no such dead letter")
            if wanted:
                async with opened(place.sender(client), patience) as alive:
                    outcomes |= await replay(dead, alive, wanted, args.limit, patience)
    print("\n".join(summed(place, outcomes)))
    if len(wanted) < len(numbers):
        print("  more are there: replay again, or raise --limit")
    return 1 if any(outcomes.values()) else 0


async def _find_numbers(dead: ServiceBusReceiver, args: argparse.Namespace) -> list[int]:
    """The wanted sequence numbers that exist; one more than the limit means that more are there."""
    if not args.sequences:
        return [message.sequence_number or 0 for message in await peek(dead, args.limit + 1, args.timeout)]
    pages = [await peek(dead, 1, args.timeout, number) for number in sorted(set(args.sequences))]
    there = {message.sequence_number or 0 for page in pages for message in page}
    return sorted(there.intersection(args.sequences))


async def _peeked(
    client: ServiceBusClient, place: Place, limit: int, patience: float, first: int = 1
) -> list[ServiceBusReceivedMessage]:
    with refusals(place, patience):
        async with opened(place.receiver(client), patience) as receiver:
            return await peek(receiver, limit, patience, first)


def shipped_places() -> list[Place]:
    """The queues and subscriptions of the local stack."""
    namespace = load_config(ENTITIES).user_config.namespaces[0]
    queues = [Place(queue.name) for queue in namespace.queues]
    return queues + [
        Place(topic.name, subscription.name)
        for topic in namespace.topics
        for subscription in topic.subscriptions
    ]
