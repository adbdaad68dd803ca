"""The values that decide in the plugin, without pytest: verdicts, tolerances, retries, figures in words."""

import pathlib
import re
import types

import pytest

import heapster
import pytest_heapster
from heapster import figures
from heapster.baseline import Entry
from pytest_heapster.expected import Expected
from pytest_heapster.judge import Bound, describe_rise, judge, parse_limits
from pytest_heapster.measurements import Measurements
from pytest_heapster.options import COUNTS, FIGURES, Tolerances, merge_marks
from pytest_heapster.retries import RetryPolicy


def window(heap, count, size=1):
    with heapster.measuring(heap.name) as m:
        for _ in range(count):
            heap.free(heap.malloc(size))
    return m.diff


JUDGED = [
    # process, own, verdict under a limit of 5
    (5, 5, "kept"),
    (5, 0, "kept"),
    (6, 5, "polluted"),
    (9, 0, "polluted"),
    (6, 6, "failed"),
    (9, 6, "failed"),
    (6, None, "failed"),
    (5, None, "kept"),
]


@pytest.mark.parametrize(("whole", "own", "expected"), JUDGED)
def test_the_verdict_by_the_figures_of_the_process_and_of_the_thread(heap, whole, own, expected):
    bounds = [Bound.from_limit("alloc_count", 5)]
    verdict = judge(bounds, window(heap, whole), None if own is None else window(heap, own))
    found = "failed" if verdict.failed else "polluted" if verdict.polluted else "kept"
    assert found == expected
    assert not (verdict.failed and verdict.polluted)


def test_a_limit_that_is_certainly_broken_fails_beside_one_that_is_not_certain(heap):
    bounds = [Bound.from_limit("alloc_count", 5), Bound.from_limit("alloc_sum", 1)]
    verdict = judge(bounds, window(heap, 6, 10), window(heap, 5, 10))
    assert len(verdict.failed) == len(verdict.polluted) == 1


STATES = [
    # mode, limit, process, own, state, is in doubt
    ("off", 5, 5, None, "kept", False),
    ("off", 5, 5, 4, "kept", False),
    ("off", 5, 6, None, "failed", False),
    ("off", 5, 6, 5, "polluted", True),
    ("off", None, 6, None, "kept", False),
    ("off", None, 6, 5, "polluted", False),
    ("update", 5, 5, 4, "polluted", False),
    ("update", 5, 6, 5, "polluted", True),
    ("update", 5, 7, 6, "failed", False),
]


@pytest.mark.parametrize(("mode", "limit", "whole", "own", "state", "is_in_doubt"), STATES)
def test_figures_that_no_limit_judges_or_a_baseline_keeps_must_be_the_tests_own(
    heap, tmp_path, mode, limit, whole, own, state, is_in_doubt
):
    settings = types.SimpleNamespace(
        baseline=tmp_path / "none.json", mode=mode, tolerances=TOLERANCES, strict=False, fields=()
    )
    bounds = [] if limit is None else [Bound.from_limit("alloc_count", limit)]
    expected = Expected(settings, "fingerprint")
    record, _ = expected.judge_measurement(
        "test", bounds, window(heap, whole), None if own is None else window(heap, own)
    )
    assert (record["state"], record["is_in_doubt"]) == (state, is_in_doubt)


@pytest.mark.parametrize(("found", "is_broken"), [(10, False), (12, False), (13, True)])
def test_a_baseline_is_a_limit_with_its_tolerance_on_top(heap, found, is_broken):
    bound = Bound.from_baseline("alloc_count", Entry({"alloc_count": 10}, {64: 10}), 2)
    assert bool(judge([bound], window(heap, found, 64), None).failed) == is_broken


def test_the_words_for_a_rise_name_the_buckets_that_changed_most_and_add_up():
    before = Entry({"alloc_count": 10, "use_peak": 1024}, {0: 1, 64: 9})
    after = Entry({"alloc_count": 20, "use_peak": 3000}, {64: 6, 128: 1, 256: 2, 512: 5, 1024: 6})
    assert describe_rise("alloc_count", before, after, 0) == (
        "alloc_count: 20 is 10 above the baseline of 10 (+6 in [1 KiB .. 2 KiB), +5 in [512 B .. 1 KiB), "
        "-3 in [64 B .. 128 B), +2 in [256 B .. 512 B), -1 in [0 B .. 2 B), +1 in 1 other size)")  # fmt: skip
    assert describe_rise("use_peak", before, after, 5) == (
        "use_peak: 2.93 KiB is 1.93 KiB above the baseline of 1 KiB, tolerance 5 B")  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 1536, 10**6, 2**20, 2**30 + 1])
def test_sizes_are_written_as_the_core_writes_them(heap, size):
    words = heapster.limit(use_peak=0).broken(window(heap, 1, size))
    assert not words if size == 0 else words.startswith(f"use_peak: {figures.size(size)} is ")


def test_the_fields_of_a_tolerance_are_those_of_a_baseline():
    assert (FIGURES, COUNTS) == (heapster.baseline.FIGURES, heapster.baseline.COUNTS)


TOLERANCES = Tolerances([
    "alloc_count 1", "tests/slow/ alloc_count 7", "tests/test_a.py alloc_count 50%", "tests/test_a.py::test_x[a b] alloc_count 9",
    "use_peak 10 %", "", "tests/test_a.py alloc_count 3"])  # fmt: skip


@pytest.mark.parametrize(("name", "field", "expected"), [
    ("tests/test_b.py::test_x", "alloc_count", 1),
    ("tests/slow/deep/test_c.py::test_x", "alloc_count", 7),
    ("tests/test_a.py::test_x", "alloc_count", 3),
    ("tests/test_a.py::test_x[a b]", "alloc_count", 9),
    ("tests/test_a.py::test_x[a b]#part", "alloc_count", 9),
    ("tests/test_a.py::test_x[a bc]", "alloc_count", 3),
    ("tests/test_a.pyx", "alloc_count", 1),
    ("tests/test_b.py::test_x", "use_peak", 20),
    ("tests/test_b.py::test_x", "alloc_sum", None),
    ("tests/test_b.py::test_x", "realloc_growth_count", 0),
])  # fmt: skip
def test_the_longest_test_that_covers_a_figure_sets_its_tolerance(name, field, expected):
    assert TOLERANCES.find(name, field, 200) == expected


@pytest.mark.parametrize("line", ["alloc_count", "alloc_count -1", "dealloc_count 3", "alloc_count 1 KiB", "3", "x 3"])
def test_a_bad_tolerance_is_an_error_that_lists_the_fields(line):
    with pytest.raises(ValueError, match="alloc_count, alloc_sum, realloc_growth_count, use_peak"):
        Tolerances([line])


def test_the_closest_marker_sets_a_key():
    def mark(*args, **kwargs):
        return types.SimpleNamespace(args=args, kwargs=kwargs)

    marks = [mark(alloc_count=1), mark(alloc_count=2, heap="python")]
    assert merge_marks(marks) == {"alloc_count": 1, "heap": "python"}
    with pytest.raises(ValueError, match="takes keyword arguments"):
        merge_marks([mark(1)])


def settings(mode=None, steady_runs=10):
    return types.SimpleNamespace(mode=mode, steady_runs=steady_runs, retries=2)


def measured(is_broken=False, foreign_count=0, is_wide=True):
    item = types.SimpleNamespace(path="test.py", location=("test.py", 0, "test"), user_properties=[])
    made = Measurements(item, "test", may_repeat=False)
    made.is_broken, made.is_wide, made.foreign_count = is_broken, is_wide, foreign_count
    made.records.append({"name": "test", "state": "failed" if is_broken else "kept", "measured": measured_figures(5)})
    return made


def measured_figures(count):
    return {"figures": {"alloc_count": count, "realloc_growth_count": 0}, "sizes": {}, "varies": {}}


def count_runs(policy, measurements):
    """How many runs are measured if each has these measurements."""
    count = 1
    while policy.try_take_run(measurements):
        count += 1
    return count


RUNS = [
    # warmup, mode, what each run measures, measured runs
    (1, None, measured(), 1),
    (1, None, measured(is_broken=True), 9),
    (4, None, measured(is_broken=True), 6),
    (1, None, measured(is_broken=True, is_wide=False), 21),
    (0, None, measured(is_broken=True), 1),
    (20, None, measured(is_broken=True), 1),
    (1, None, measured(foreign_count=5), 3),
    (0, None, measured(foreign_count=5), 3),
    (1, None, None, 1),
    (1, "update", None, 1),
    (1, "update", measured(), 11),
    (0, "update", measured(), 1),
]


@pytest.mark.parametrize(("warmup", "mode", "measurements", "expected"), RUNS)
def test_a_test_runs_until_its_figures_mean_something(warmup, mode, measurements, expected):
    policy = RetryPolicy(parse_limits({}, warmup, retries=2), settings(mode))
    assert (policy.warmup, count_runs(policy, measurements)) == (warmup, expected)


def test_a_module_uses_only_those_above_it_in_the_readmes_table():
    folder = pathlib.Path(pytest_heapster.__file__).parent
    table = dict(re.findall(r"^\| `(\w+)\.py` \| .* \|([\w, ]*) ?\|$", (folder / "README.md").read_text("utf-8"), re.M))
    assert {*table} == {path.stem for path in folder.glob("*.py")}
    above = set()
    for module, words in table.items():
        text = (folder / f"{module}.py").read_text("utf-8")
        uses = {*re.findall(r"from pytest_heapster(?:\.| import )(\w+)", text)}
        assert {*words.replace(",", " ").split()} == uses, module
        assert uses <= above, module
        above.add(module)
