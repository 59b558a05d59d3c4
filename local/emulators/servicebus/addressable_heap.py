"""A priority queue whose entries can be moved and removed by their key."""

import heapq
from collections.abc import Hashable

_SLACK = 64  # stale entries tolerated before a rebuild


class AddressableHeap[Key: Hashable]:
    """Keys ordered by priority, lowest first; each key at most once.

    Memory stays within a constant factor of the number of keys: entries that were moved or removed
    are purged once they are in the majority, so a cancelled deadline far ahead holds no memory.
    """

    def __init__(self) -> None:
        self._priorities: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._counter = 0  # breaks ties, so that keys need no order of their own

    def __len__(self) -> int:
        return len(self._priorities)

    def __contains__(self, key: Key) -> bool:
        return key in self._priorities

    def put(self, key: Key, priority: float) -> None:
        """Add the key, or move it if it is there."""
        self._priorities[key] = priority
        self._counter += 1
        heapq.heappush(self._heap, (priority, self._counter, key))
        self._purge()

    def discard(self, key: Key) -> None:
        """Remove the key if it is there."""
        if self._priorities.pop(key, None) is not None:
            self._purge()

    def pop(self, limit: float = float("inf")) -> Key | None:
        """Remove and return the first key if its priority is at most `limit`, else None."""
        while self._heap and self._heap[0][0] <= limit:
            priority, _, key = heapq.heappop(self._heap)
            if self._priorities.get(key) == priority:
                del self._priorities[key]
                return key
        return None

    def _purge(self) -> None:
        if len(self._heap) > 2 * len(self._priorities) + _SLACK:
            self._heap = [entry for entry in self._heap if self._priorities.get(entry[2]) == entry[0]]
            heapq.heapify(self._heap)
