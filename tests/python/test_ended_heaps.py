"""A heap that its host ends while Python holds it, and `ended`, which has what it counted."""

import json
import re

import pytest

import heapster


@pytest.fixture
def make(shared_heap):
    """Makes a heap with one request of 100 bytes, already freed."""

    def create():
        heap = type(shared_heap)()
        heap.free(heap.malloc(100))
        return heap

    return create


def test_a_heap_that_has_ended_keeps_its_name_and_has_no_figures(make):
    heap = make()
    held = heapster.heap(heap.name)
    assert held.stats().alloc_count == 1
    heap.end()
    assert held.name == heap.name and repr(held) == f"<Heap '{heap.name}', ended>"
    with pytest.raises(heapster.UnknownHeap, match="ended"):
        held.stats()
    for function in heapster.stats, heapster.heap, heapster.frames, heapster.live_histogram:
        with pytest.raises(heapster.UnknownHeap, match=re.escape(f'heap "{heap.name}" has ended')):
            function(held)
    with pytest.raises(heapster.UnknownHeap):
        heapster.measure(lambda: None, heap=held)
    with pytest.raises(heapster.UnknownHeap), heapster.limit(alloc_count=0, heap=held):
        pass


def test_the_next_heap_of_the_number_is_another_heap(make):
    first = make()
    held = heapster.heap(first.name)
    first.end()
    second = make()
    assert second.handle.value == first.handle.value
    other = heapster.heap(second.name)
    assert other != held and hash(other) != hash(held) and other.stats().alloc_count == 1
    with pytest.raises(heapster.UnknownHeap):
        held.stats()
    second.end()


def test_what_it_counted_is_in_ended_and_the_heaps_add_up(make):
    make().end()
    before = heapster.heap("ended").stats()
    heap = make()
    heap.end()
    assert heapster.stats("ended").alloc_sum == before.alloc_sum + 100
    assert heapster.heaps()[-1].name == "ended" and heap.name not in map(str, heapster.heaps())
    figures = json.loads(heapster.json())
    assert figures["total"]["alloc_count"] == sum(each["alloc_count"] for each in figures["heaps"].values())
    assert 'heapster_allocs_total{heap="ended"}' in heapster.prometheus()
    assert re.search(r"^ended ", heapster.report(), re.MULTILINE)


def test_ended_cannot_be_measured(make):
    make().end()
    with pytest.raises(heapster.UnknownHeap, match="ended"):
        heapster.measure(lambda: None, heap="ended")


def test_a_window_goes_on_when_its_heap_ends(make):
    heap = make()
    with heapster.measuring(heap=heap.name) as window:
        heap.free(heap.malloc(7))
        heap.end()
        other = make()
    assert window.diff.alloc_sum == 7 and window.diff.use_peak == 7
    other.end()
