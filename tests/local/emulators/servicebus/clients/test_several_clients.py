"""Several clients share what a queue holds; none loses, doubles or waits."""

import asyncio
import subprocess
import sys
import textwrap
import time

from azure.servicebus import ServiceBusMessage

from tests.receiving import DEADLINE, receive, texts


async def test_two_receivers_share_the_messages_and_none_is_delivered_twice(links):
    queue, sender, first = await links.new_pair()
    second = await links.receiver(queue)
    await sender.send_messages([ServiceBusMessage(str(n)) for n in range(20)])

    shares = await asyncio.gather(receive(first, 10), receive(second, 10))

    assert sorted(int(text) for share in shares for text in texts(share)) == list(range(20))


async def test_two_dozen_clients_at_once_lose_and_double_nothing(links):
    queue, many, each = links.new_queue(), 12, 10
    received: list[str] = []

    async def send(sender, number):
        for n in range(each):
            await sender.send_messages(ServiceBusMessage(f"{number}.{n}"))

    async def work(receiver):
        while len(received) < many * each:
            for message in await receiver.receive_messages(5, max_wait_time=0.2):
                await receiver.complete_message(message)
                received.append(str(message))

    async with asyncio.timeout(3 * DEADLINE):
        opened = await asyncio.gather(
            *(links.sender(queue) for _ in range(many)), *(links.receiver(queue) for _ in range(many))
        )
        await asyncio.gather(*map(send, opened[:many], range(many)), *map(work, opened[many:]))

    assert sorted(received) == sorted(f"{number}.{n}" for number in range(many) for n in range(each))


async def test_a_subscriber_that_connects_receives_and_closes_again_and_again_misses_nothing(links):
    queue, sender, _ = await links.new_pair()
    received = []

    for round_ in range(2):
        await sender.send_messages([ServiceBusMessage(f"{round_}.{n}") for n in range(4)])
        async with links.client.get_queue_receiver(queue) as receiver:
            while messages := await receiver.receive_messages(max_message_count=3, max_wait_time=0.3):
                for message in messages:
                    await receiver.complete_message(message)
                received += texts(messages)

    assert received == [f"{round_}.{n}" for round_ in range(2) for n in range(4)]


KILLED = """
    import sys, time
    from azure.servicebus import ServiceBusClient

    client = ServiceBusClient.from_connection_string(sys.argv[1])
    receiver = client.get_queue_receiver(sys.argv[2], prefetch_count=10)
    print(receiver.receive_messages(1)[0], flush=True)
    time.sleep(60)
"""


async def test_a_killed_client_gets_nothing_more_and_what_it_held_comes_back(bus, links):
    queue, sender, receiver = await links.new_pair("short")
    await sender.send_messages(ServiceBusMessage("held"))
    command = [sys.executable, "-c", textwrap.dedent(KILLED), bus.connection_string, queue]
    client = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    async with asyncio.timeout(DEADLINE):
        printed = await client.stdout.readline()
    client.kill()
    await client.wait()

    await sender.send_messages(ServiceBusMessage("new"))
    received = await receive(receiver, 2)

    assert printed == b"held\n"
    assert {str(message): message.delivery_count for message in received} == {"new": 0, "held": 1}


async def test_a_waiting_receiver_gets_a_message_at_once(links):
    _, sender, receiver = await links.new_pair()
    elapsed = []
    for _ in range(3):
        waiting = asyncio.create_task(receiver.receive_messages(1, max_wait_time=DEADLINE))
        await asyncio.sleep(0.05)  # until its credit is there
        sent = time.monotonic()
        await sender.send_messages(ServiceBusMessage("m"))
        await receiver.complete_message((await waiting)[0])
        elapsed.append(time.monotonic() - sent)

    assert min(elapsed) < 0.4  # seconds; the bus does its timed work once a second
