"""The malloc hook by preload: figures of programs whose every request is known."""

import json
import os

import pytest
from run_support import PROGRAMS, library, run

BEHIND = {"libc": None, "jemalloc": "jemalloc", "mimalloc": "mimalloc", "tcmalloc": "tcmalloc_minimal"}

# The allocator decides these fields; law 9 leaves them out.
OWN_CHOICE = ("realloc_move_count", "realloc_move_sum", "realloc_move_avg", "realloc_growth_in_place_count",
              "realloc_shrink_in_place_count")


def figures(tmp_path, program, *behind):
    environment = dict(os.environ)
    if any(behind):
        environment["LD_PRELOAD"] = " ".join(library(name) for name in behind if name)
    target = tmp_path / "report.json"
    ended = run(PROGRAMS / program, options=["--format", "json", "--output", target], env=environment)
    assert ended.returncode == 0, ended
    report = json.loads(target.read_text())
    assert list(report["heaps"]) == ["malloc"]
    return report["heaps"]["malloc"]


def without_choice(report):
    return {field: value for field, value in report.items() if field not in OWN_CHOICE}


def added(tmp_path, *behind):
    """What these libraries request when they are loaded, and keep: their releases differ. libstdc++, which Debian's
    jemalloc and tcmalloc need, reserves memory for exceptions; some tcmallocs make objects of their own."""
    loaded = figures(tmp_path, "exact", *behind)
    histogram = list(loaded["alloc_histogram"])
    histogram[6] -= 1000
    count, size = loaded["alloc_count"] - 1000, loaded["alloc_sum"] - 100_000
    assert loaded["dealloc_count"] == 500 and sum(histogram) == count == loaded["live_count"] - 500
    return count, size, histogram


def without(report, added):
    added_count, added_size, added_histogram = added
    count, size = report["alloc_count"] - added_count, report["alloc_sum"] - added_size
    less = {name: report[name] - added_size for name in ("total_alloc_sum", "use_curr", "use_max")}
    histogram = [both - own for both, own in zip(report["alloc_histogram"], added_histogram, strict=True)]
    return {**report, **less, "alloc_count": count, "alloc_sum": size, "alloc_avg": size // count,
            "alloc_histogram": histogram, "live_count": report["live_count"] - added_count}


def test_figures_of_a_known_program_are_exact(tmp_path):
    report = figures(tmp_path, "exact")
    assert report["alloc_count"] == 1000
    assert report["alloc_sum"] == 100_000
    assert report["dealloc_count"] == 500
    assert report["dealloc_sum"] == 50_000
    assert report["realloc_growth_count"] == 200
    assert report["realloc_growth_sum"] == 200 * 4900
    assert report["realloc_move_count"] + report["realloc_growth_in_place_count"] == 200
    assert report["live_count"] == 500
    assert report["use_curr"] == report["use_max"] == 50_000 + 200 * 4900
    assert report["alloc_histogram"][6] == 1000
    assert report["realloc_growth_histogram"][12] == 200
    for absent in ("alloc_fail_count", "realloc_shrink_count", "realloc_same_count", "realloc_fail_count",
                   "unseen_alloc_count", "unseen_free_count"):
        assert report[absent] == 0, absent


def test_new_and_delete_give_the_same_figures_over_every_allocator(tmp_path):
    over = {
        name: without(without_choice(figures(tmp_path, "exact_new", behind)), added(tmp_path, behind, "stdc++"))
        for name, behind in BEHIND.items()
    }
    for name in BEHIND:
        assert over[name] == over["libc"], name
    assert over["libc"]["alloc_histogram"][6] >= 1000 and over["libc"]["alloc_count"] == 1012
    assert over["libc"]["dealloc_count"] == 500 + 12
    assert over["libc"]["alloc_fail_count"] == 1
    assert over["libc"]["realloc_growth_count"] == 200


@pytest.mark.parametrize("behind", BEHIND)
def test_every_function_of_the_family_is_counted_once(tmp_path, behind):
    report = figures(tmp_path, "family", BEHIND[behind])
    expected = [0] * 64
    for size in (1, 21, 40, 80, 160, 320, 640, 1280, 2560, 5120, 7):
        expected[max(size, 1).bit_length() - 1] += 1
    own_count, own_size, own_histogram = added(tmp_path, BEHIND[behind])
    assert report["alloc_histogram"] == [both + own for both, own in zip(expected, own_histogram, strict=True)]
    assert report["dealloc_count"] == 11
    assert report["live_count"] == own_count
    assert report["use_curr"] == own_size
    assert report["alloc_fail_count"] == 3
    assert report["realloc_fail_count"] == 2
    assert report["unseen_alloc_count"] == 0


def test_new_handler_runs_and_its_exception_passes(tmp_path):
    report = figures(tmp_path, "new_handler")
    assert report["live_count"] == 2  # libstdc++'s reserve for exceptions, and the buffer of stdout
    assert report["alloc_fail_count"] >= 1
