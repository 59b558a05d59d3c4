"""A store under which the process ends in the middle of its work."""

from contextlib import contextmanager

import pytest

from tests.fakes.table import MemoryTable


class Killed(BaseException):
    """The process ends here."""


class DyingTable(MemoryTable):
    """Counts its writes, and does, doesn't, or half does the one that it is told to die at."""

    def __init__(self):
        super().__init__()
        self.writes, self._dies_at, self._is_done = 0, 0, False

    @contextmanager
    def dies_at(self, number, *, is_done):
        """The process ends at this write, counted from here; fails if so many are never reached."""
        self.writes, self._dies_at, self._is_done = 0, number, is_done
        with pytest.raises(Killed):
            yield
        self._dies_at = 0

    async def replace(self, read, change):
        return await self._write_or_die(super().replace(read, change))

    async def create(self, change):
        return await self._write_or_die(super().create(change))

    async def save_assignment(self, read, lead_id, assignment):
        return await self._write_or_die(super().save_assignment(read, lead_id, assignment))

    async def delete_assignment(self, read, lead_id):
        return await self._write_or_die(super().delete_assignment(read, lead_id))

    async def delete_tombstone(self, read):
        return await self._write_or_die(super().delete_tombstone(read))

    async def delete_events(self, lead_id, through):
        if self.writes + 1 == self._dies_at and self._is_done:
            through //= 2  # one transaction of several
        return await self._write_or_die(super().delete_events(lead_id, through))

    async def _write_or_die(self, write):
        self.writes += 1
        if self.writes != self._dies_at:
            return await write
        if self._is_done:
            await write
        else:
            write.close()
        raise Killed
