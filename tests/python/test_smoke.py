"""The twin of tests/lua/smoke.lua: the same checks in the same order. Run under `heapster run`."""

import pytest

import heapster


def build():
    """Ten requests of heap malloc, at least."""
    return len([bytearray(1000) for _ in range(10)])


def nothing():
    pass


def test_stats_are_a_snapshot_of_integers():
    stats = heapster.stats()
    assert stats.kind == "snapshot"
    assert stats.scope == "process"
    assert type(stats.alloc_count) is int
    assert stats.alloc_count > 0
    assert stats.use_peak is None


def test_stats_of_one_heap_are_found_by_its_name():
    assert heapster.stats("malloc").alloc_count > 0
    assert heapster.heap("malloc").stats().alloc_count > 0


def test_snapshots_differ_by_what_was_asked_between():
    before = heapster.stats()
    build()
    diff = heapster.stats() - before
    assert diff.kind == "diff"
    assert diff.alloc_count >= 10
    assert diff == diff
    assert diff != before


def test_measure_gives_the_result_and_what_it_took():
    result, diff = heapster.measure(build)
    assert result == 10
    assert diff.kind == "window"
    assert diff.alloc_count >= 10
    assert diff.use_peak > 0


def test_measure_of_nothing_is_all_zeros():
    nothing()  # on CPython 3.8 to 3.10 the first call of a function makes its frame
    diff = heapster.measure(nothing)[1]
    levels = ("live_count", "use_curr")
    figures = {name: value for name, value in diff.as_dict().items() if name not in levels and isinstance(value, int)}
    assert {name: value for name, value in figures.items() if value != 0} == {}


def test_measuring_knows_its_diff_when_it_has_ended():
    with heapster.measuring() as m:
        build()
    assert m.diff.alloc_count >= 10


def test_limit_that_holds_is_silent():
    with heapster.limit(alloc_count=1000, use_peak="1 MiB"):
        assert build() == 10


def test_limit_that_is_broken_is_named():
    with pytest.raises(heapster.LimitExceeded, match="alloc_count.*above the limit of 1") as caught:
        with heapster.limit(alloc_count=1):
            build()
    assert caught.value.diff.alloc_count >= 10


def test_heaps_are_listed_in_order():
    heaps = heapster.heaps()
    assert heaps[0].name == "malloc"
    assert heaps[0] == heapster.heap("malloc")


def test_unknown_heap_is_named():
    with pytest.raises(heapster.UnknownHeap, match="textures"):
        heapster.stats("textures")


def test_histogram_has_64_buckets_and_quantiles():
    histogram = heapster.stats().alloc_histogram
    assert len(histogram) == 64
    assert not histogram.is_empty()
    assert histogram.quantile(0.5) > 0
    assert (histogram - histogram).quantile(0.5) is None


def test_live_histogram_has_the_blocks_that_are_kept():
    before = heapster.live_histogram()
    kept = ["x" * 300_000 for _ in range(50)]
    assert heapster.live_histogram()[18] - before[18] == len(kept)


def test_frames_have_what_was_asked_between_two_marks():
    heapster.frame()
    build()
    heapster.frame()
    frames = heapster.frames()
    assert frames.last.alloc_count >= 10
    assert frames.last.use_peak > 0
    assert frames.worst_index <= frames.frame_count
    assert "worst" in str(frames)


def test_text_names_the_fields():
    assert "alloc_count: " in str(heapster.stats())
    assert "alloc_count: " in heapster.report()


def test_text_has_no_newline_at_its_end():
    assert not str(heapster.stats()).endswith("\n")
    assert not heapster.report().endswith("\n")


def test_machine_output_names_the_heap():
    assert '"kind": "snapshot"' in heapster.stats().to_json()
    assert '"malloc"' in heapster.json()
    assert 'heapster_allocs_total{heap="malloc"}' in heapster.prometheus()


def test_status_says_how_malloc_is_counted():
    status = heapster.status()
    assert status.malloc_way == "preload"
    assert status.malloc_is_proved
    assert "malloc: preload" in str(status)


def test_reset_starts_from_here():
    before = heapster.stats()
    heapster.reset()
    after = heapster.stats()
    assert after.alloc_count < before.alloc_count
    assert after.use_curr > 0
