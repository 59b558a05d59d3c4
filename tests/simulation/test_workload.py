"""Two rows make up a place in the books; the reliability bench once saw them torn apart."""

import asyncio
import contextlib
import uuid

from azure.core.pipeline.transport import AioHttpTransport

from shared.routing.workload import Assignment
from shared.services.errors import LeadChanged
from shared.storage.table import TableLeadStore, table_client
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
    fast = TableLeadStore(table_client(storage, name, by_identity=False))
    await fast.rota_for(LEAD)

    async def seat_it():
        await fast.keep_seat(await fast.rota_for(LEAD), LEAD, SEAT)

    slow = TableLeadStore(a_client(storage, name, SlowBooks(seat_it)))
    read = await slow.rota_for(LEAD)
    if read.seat is None:  # it may not know, but then it must not write
        with contextlib.suppress(LeadChanged):
            await slow.keep_seat(read, LEAD, SEAT)
    books = (await fast.rota_for(LEAD)).rota
    assert (books.turns_taken, books.open_leads) == (1, {"ann": 1})
    for store in (fast, slow):
        await store.close()
