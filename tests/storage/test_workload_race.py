"""Two rows make up a place in the books; the reliability bench once saw them torn apart."""

import asyncio
import contextlib
import uuid

from azure.core.pipeline.transport import AioHttpTransport

from shared.routing.workload import Assignment
from shared.services.errors import LeadChanged
from shared.storage.client import Table, table_client
from shared.storage.workload import TableWorkloads
from simulation.faulty_wire import a_client

LEAD, LATE = "a" * 24, 0.3  # seconds that the answer of the books comes later than it could
SEAT = Assignment(request=1, owner="ann", team="world", is_turn=True)


class SlowBooks(AioHttpTransport):
    """Asks for the books when the seat is known, or isn't going to be, and another was faster."""

    def __init__(self, other):
        super().__init__()
        self.other, self.seat_is_known = other, asyncio.Event()

    async def send(self, request, **named):
        if "RowKey='rota'" in request.url and self.other:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LATE):
                    await self.seat_is_known.wait()
            other, self.other = self.other, None
            await other()
        answer = await super().send(request, **named)
        if "RowKey='seat!" in request.url:
            self.seat_is_known.set()
        return answer


async def test_a_lead_takes_one_turn_though_another_seats_it_while_the_books_are_read(storage):
    name = f"t{uuid.uuid4().hex}"
    client = table_client(storage, name, by_identity=False)
    fast = TableWorkloads(Table(client))
    await fast.get_workload(LEAD)

    async def seat_it():
        await fast.save_assignment(await fast.get_workload(LEAD), LEAD, SEAT)

    slow_client = a_client(storage, name, SlowBooks(seat_it))
    slow = TableWorkloads(Table(slow_client))
    read = await slow.get_workload(LEAD)
    if read.assignment is None:  # it may not know, but then it must not write
        with contextlib.suppress(LeadChanged):
            await slow.save_assignment(read, LEAD, SEAT)
    books = (await fast.get_workload(LEAD)).workload
    assert (books.turns_taken, books.open_leads) == (1, {"ann": 1})
    for one in (client, slow_client):
        await one.close()
