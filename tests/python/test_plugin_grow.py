"""The marker heap_grow: what stays in each of three rounds is a leak, and is named with its heap."""

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]


def test_one_object_kept_in_a_thousand_calls_is_found_in_three_rounds(project):
    project.test("""
kept = [None] * 100  # grows no more
count = 1000
def call():
    global count
    count += 1
    if count % 1000 == 0:
        kept[count // 1000] = object()
@pytest.mark.heap_grow()
def test_it():
    for _ in range(1000):
        call()
def test_after():
    assert count == 1000 * (1 + 1 + 3 + 1)  # the last to explain what stays
""")
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it: heap python: blocks stay each round: +1, +1, +1 in rounds 1 to 3 "
                                 "(+* B in the last); allowed: 0"])  # fmt: skip


def test_one_block_of_a_c_extension_is_found_with_its_heap(commanded):
    commanded.test("@pytest.mark.heap_grow(rounds=3)\ndef test_it():\n    pytest.ask(999)\n    pytest.leak(1, 64)\n")
    result = commanded.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it: heap commanded: blocks stay each round: +1, +1, +1 in rounds 1 to 3 (+64 B in*"])
    assert "heap python" not in str(result.stdout)


def test_so_many_blocks_as_the_marker_allows_may_stay(commanded):
    commanded.test("@pytest.mark.parametrize('kept', [2, 3])\n@pytest.mark.heap_grow(live_change=2)\n"
                   "def test_it(kept): pytest.leak(kept)\n")  # fmt: skip
    result = commanded.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_it?3?: heap commanded: *; allowed: 2", "FAILED *test_it?3?*"])


HARMLESS = """
import functools, logging, warnings
cache, runs = {}, []
@functools.lru_cache(maxsize=128)
def cached(value): return str(value) * 10
@pytest.mark.heap_grow(rounds=8)
def test_cache():
    runs.append(1)
    for value in range(1000):
        cached(value + len(runs))
@pytest.mark.heap_grow()
def test_cache_that_fills_in_two_rounds():
    cache[min(len(cache), 2)] = object()
@pytest.mark.heap_grow()
def test_garbage():
    for _ in range(100):
        circle = []
        circle.append(circle)
@pytest.mark.heap_grow()
def test_free_lists():
    [{"number": number} for number in range(100)]
    [number * 1.5 for number in range(1000)]
@pytest.mark.heap_grow()
def test_log_and_warnings():
    logging.getLogger("name").warning("said %s", object())
    warnings.warn(f"warned of {object()}")
    print("printed")
@pytest.mark.heap_grow()
def test_fixtures(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("text")
@pytest.mark.heap_grow()
def test_log_of_its_own(caplog):
    caplog.clear()
"""


def test_caches_garbage_logs_and_warnings_are_no_leak(project):
    project.test(HARMLESS)
    project.run("-W", "always").assert_outcomes(passed=7, warnings=1)


def test_the_body_runs_once_and_then_in_rounds_in_one_set_up(project):
    project.test("""
runs = []
@pytest.fixture
def once(): runs.append("setup")
@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.heap_grow(rounds=4)
def test_it(once, index): runs.append(index)
class TestMethods:
    @pytest.mark.heap_grow(rounds=2)
    def test_method(self): runs.append("method")
def test_after(): assert runs == ["setup", *[0] * 5, "setup", *[1] * 5, *["method"] * 3]
""")
    project.run().assert_outcomes(passed=4)


def test_it_stands_beside_heap_limit_and_the_baseline(commanded):
    commanded.test("""
runs = []
@pytest.mark.heap_limit(heap="commanded", alloc_count=3)
@pytest.mark.heap_grow(rounds=2)
def test_it():
    runs.append(1)
    pytest.ask(3)
def test_after(): assert len(runs) == 1 + 1 + 2
""")
    result, figures = commanded.figures("--heap-baseline=update", "-o", "heap_steady_runs=2")
    result.assert_outcomes(passed=2)
    assert figures["test_it"]["measured"]["figures"]["alloc_count"] == 3


def test_coroutines_grow_too(project):
    pytest.importorskip("pytest_asyncio")
    project.test("""
import asyncio
kept = [None] * 1000
del kept[:]
@pytest.mark.heap_grow()
@pytest.mark.asyncio
async def test_keeps():
    await asyncio.sleep(0)
    kept.append(object())
@pytest.mark.heap_grow()
@pytest.mark.asyncio
async def test_keeps_nothing():
    await asyncio.sleep(0)
    [object() for _ in range(10)]
""")
    result = project.run(plugins=("heapster", "asyncio"))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_keeps: heap python: blocks stay each round: +*, +1, +1 in rounds 1 to 3 *"])


@pytest.mark.parametrize(("keys", "words"), [
    ("rounds=0", "heap_grow: rounds must be an int, 1 or more, not 0"),
    ("rounds='5'", "heap_grow: rounds must be an int, 1 or more, not '5'"),
    ("live_change=-1", "heap_grow: live_change must be an int, 0 or more, not -1"),
    ("round=5", "heap_grow: unknown key 'round'; keys: rounds, live_change"),
    ("5", "heap_grow: heap_grow takes keyword arguments, such as heap_grow(rounds=5)"),
])  # fmt: skip
def test_a_bad_marker_fails_the_collection(project, keys, words):
    project.test(f"@pytest.mark.heap_grow({keys})\ndef test_it(): pass\n")
    project.run().stdout.fnmatch_lines([f"*test_it.py::test_it: {words}"])


LEAK = """
kept, runs = [], []
@pytest.mark.heap_grow(rounds=4)
@pytest.mark.heap_limit(LIMIT)
def test_it():
    runs.append(1)
    kept.append(bytes(500))
    [object() for _ in range(max(0, 30 - 10 * len(runs)))]
"""


@pytest.mark.parametrize("limit", ["alloc_count=20", ""])
@pytest.mark.parametrize("options", [[], ["--heap-baseline=update"]])
def test_a_leak_is_looked_for_after_runs_that_were_above_a_limit_too(limit, options, project):
    project.test(LEAK.replace("LIMIT", limit))
    result = project.run(*options)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it: heap python: blocks stay each round: +*"])


def test_without_a_counted_heap_functions_and_coroutines_fail(project, monkeypatch):
    monkeypatch.setenv("HEAPSTER_HOOKS", "none")
    project.test("@pytest.mark.heap_grow()\ndef test_it(): pass\n"
                 "@pytest.mark.heap_grow()\n@pytest.mark.asyncio\nasync def test_async(): pass\n")  # fmt: skip
    pytest.importorskip("pytest_asyncio")
    result = project.run(plugins=("heapster", "asyncio"))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*NotCounting*"])


def test_measurements_nest_and_leave_the_collector_as_it_was(project):
    project.test("""
import gc
def callback(phase, info): pass
def nothing(): pass
@pytest.mark.heap_limit()
def test_it(heap):
    was_aside = callback not in gc.callbacks
    heap.measure(nothing)
    assert was_aside == (callback not in gc.callbacks)
def test_after():
    assert gc.get_freeze_count() == 0 and callback in gc.callbacks
gc.callbacks.append(callback)
""")
    project.run().assert_outcomes(passed=2)
