"""A heap whose entries can be taken out by key."""

import pytest

from local.emulators.servicebus.addressable_heap import AddressableHeap


def test_a_heap_gives_its_keys_in_the_order_of_their_priorities():
    heap = AddressableHeap[str]()
    for key, priority in [("c", 3), ("a", 1), ("b", 2), ("d", 4)]:
        heap.put(key, priority)
    heap.put("a", 2.5)
    heap.discard("d")
    heap.discard("d")

    assert len(heap) == 3
    assert heap.pop(1.9) is None
    assert [heap.pop(), heap.pop(), heap.pop(), heap.pop()] == ["b", "a", "c", None]


def test_a_key_that_is_put_again_at_its_old_place_comes_out_once():
    heap = AddressableHeap[str]()
    heap.put("a", 1)
    heap.discard("a")
    heap.put("a", 1)

    assert [heap.pop(), heap.pop()] == ["a", None]


@pytest.mark.parametrize("change", ["removed", "moved"])
def test_a_heap_purges_entries_that_were(change):
    heap = AddressableHeap[int]()
    for number in range(10_000):
        heap.put(number if change == "removed" else 0, number)
        if change == "removed":
            heap.discard(number)

    assert len(heap._heap) < 200
