"""Stats, Histogram, Heap and Status are values: equal, hashable, read-only, pickled, printed."""

import copy
import json
import pickle
import sys

import pytest

import heapster
from builds import DEBUG_ALLOCATORS


@pytest.fixture
def figures(heap):
    """A snapshot, a diff and a window with some of everything."""

    def work():
        block = heap.realloc(heap.malloc(100), 300)
        heap.free(heap.realloc(block, 20))

    before = heapster.stats(heap.name)
    window = heapster.measure(work, heap=heap.name)[1]
    after = heapster.stats(heap.name)
    return {"snapshot": after, "diff": after - before, "window": window}


def test_a_copy_is_equal_and_has_the_same_hash(figures):
    for stats in figures.values():
        for other in (pickle.loads(pickle.dumps(stats)), copy.copy(stats), copy.deepcopy(stats)):
            assert other == stats and hash(other) == hash(stats) and other is not stats
            assert other.alloc_histogram == stats.alloc_histogram
            assert hash(other.alloc_histogram) == hash(stats.alloc_histogram)
    assert len(set(figures.values())) == 3


def test_kinds_and_other_types_are_not_equal(figures):
    assert figures["window"] != figures["diff"]
    assert figures["window"] != 3 and not figures["window"] == None  # noqa: E711
    assert figures["window"].alloc_histogram != figures["window"]


def test_values_have_no_order(figures):
    for value in (figures["diff"], figures["diff"].alloc_histogram, heapster.heaps()[0]):
        with pytest.raises(TypeError):
            value < value


def test_a_dict_and_json_say_the_same(figures):
    for kind, stats in figures.items():
        assert stats.as_dict() == json.loads(stats.to_json())
        assert list(stats.as_dict()) == list(json.loads(stats.to_json()))
        assert stats.as_dict()["kind"] == stats.kind == kind


def test_a_histogram_gives_its_buckets_one_by_one_or_all_at_once(figures):
    for stats in figures.values():
        histogram = stats.alloc_histogram
        every = [histogram[index] for index in range(64)]
        assert every == stats.as_dict()["alloc_histogram"] and any(every)
        assert tuple(histogram) == tuple(every) and list(histogram) == every and [*histogram] == every
        assert sum(histogram) == histogram.total() == stats.alloc_count


def test_a_loop_over_a_histogram_is_one_over_a_list_and_outlives_it(figures):
    buckets = iter(figures["window"].alloc_histogram)
    assert type(buckets) is type(iter([]))
    del figures["window"]
    assert sum(buckets) > 0


def test_every_figure_is_an_attribute(figures):
    for stats in figures.values():
        for name, value in stats.as_dict().items():
            attribute = getattr(stats, name)
            assert (list(attribute) if isinstance(value, list) else attribute) == value


def test_a_histogram_outlives_its_stats():
    histogram = heapster.stats().alloc_histogram
    assert [heapster.stats() for _ in range(100)]
    assert histogram.total() == sum(histogram) > 0


def test_the_calling_threads_part_outlives_its_stats():
    window = heapster.measure(lambda: [object() for _ in range(50)])[1]
    part = window.thread
    same = part.as_dict()
    del window
    assert [heapster.measure(lambda: [object() for _ in range(5000)])[1] for _ in range(10)]
    assert part.as_dict() == same and part == pickle.loads(pickle.dumps(part))


@pytest.mark.parametrize("allocators", DEBUG_ALLOCATORS)
def test_values_survive_the_debug_allocators(plain, allocators):
    """They are freed where they came from, below the allocators that would know whose they are not."""
    plain(
        "import copy, gc, pickle, heapster\n"
        "for turn in range(3):\n"
        "    heapster.frame()\n"
        "    window = heapster.measure(dict)[1]\n"
        "    frames = heapster.frames()\n"
        "    values = [window, window.alloc_histogram, heapster.heaps(), heapster.status(), frames, frames.last]\n"
        "    values += [window - window, window.thread, window.alloc_histogram - window.alloc_histogram]\n"
        "    values += [pickle.loads(pickle.dumps(window)), copy.copy(window), heapster.live_histogram()]\n"
        "    values += [str(value) + repr(value) for value in values]\n"
        "    with heapster.measuring(thread_peak=True) as m: pass\n"
        "    assert heapster.limit(alloc_count=0).broken(m.diff) == ''\n"
        "    del values, window, frames, m\n"
        "    gc.collect()\n",
        PYTHONMALLOC=allocators,
    )


def test_a_histogram_is_a_sequence(figures):
    histogram = figures["window"].alloc_histogram
    assert [index for index, count in enumerate(histogram) if count] == [6]
    assert (histogram[6], histogram[-58], len(histogram)) == (1, 1, 64)
    for index in (64, -65):
        with pytest.raises(IndexError):
            histogram[index]
    assert (histogram - histogram).is_empty()


def test_integers_are_exact_beyond_a_float(figures):
    restore, (version, data) = figures["snapshot"].__reduce__()
    exact = 2**53 + 1
    changed = restore(version, data[:8] + exact.to_bytes(8, sys.byteorder) + data[16:])  # after kind and scope
    assert changed.alloc_count == changed.as_dict()["alloc_count"] == json.loads(changed.to_json())["alloc_count"] == exact


def test_pickles_of_another_version_are_refused(figures):
    restore, (version, data) = figures["diff"].__reduce__()
    for arguments in (("0.0.0", data), (version, data[1:]), (version, b"\xff" * len(data))):
        with pytest.raises(ValueError):
            restore(*arguments)


def test_values_are_read_only(figures):
    for value in (*figures.values(), figures["diff"].alloc_histogram, heapster.heaps()[0], heapster.status()):
        for name in ("alloc_count", "name", "version", "anything", "__class__"):
            with pytest.raises(AttributeError, match="read-only"):
                setattr(value, name, 1)
        with pytest.raises(TypeError):
            type(value)()
        with pytest.raises(TypeError):
            type(value).__new__(type(value))
        with pytest.raises(TypeError):
            type("Sub", (type(value),), {})


def test_representations_are_short():
    stats = heapster.stats()
    for value in (stats, stats - stats, stats.alloc_histogram, heapster.heaps()[0], heapster.status()):
        assert repr(value).startswith("<") and len(repr(value)) < 120
    assert repr(heapster.heap("malloc")) == "<Heap 'malloc'>"


def test_heaps_are_equal_by_what_they_are(heap):
    assert heapster.heap(heap.name) == heapster.heap(heap.name) != heapster.heap("malloc")
    assert len({*heapster.heaps(), *heapster.heaps()}) == len(heapster.heaps())
    assert heapster.heap(heapster.heap(heap.name)).name == heap.name


def test_figures_keep_the_laws(heap):
    blocks = [heap.malloc(size) for size in (0, 1, 15, 16, 17, 1000, 70_000)]
    stats = heapster.stats(heap.name)
    for block in blocks:
        heap.free(block)
    assert stats.alloc_count == sum(stats.alloc_histogram)
    after = heapster.stats(heap.name)
    assert after.use_curr == 0
    assert (after.total_alloc_sum - after.total_dealloc_sum) - (stats.total_alloc_sum - stats.total_dealloc_sum) == (
        after.use_curr - stats.use_curr
    )
    process = json.loads(heapster.json())
    for field in ("alloc_count", "alloc_sum", "dealloc_sum", "realloc_move_count", "live_count", "use_curr"):
        assert process["total"][field] == sum(figures[field] for figures in process["heaps"].values())
