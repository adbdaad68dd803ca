"""The laws with several threads, and several interpreters, at work at once. Without a GIL they truly are.

Each script runs in a process of its own, where nothing else is counted."""

import os
import sys

import pytest

from builds import HAS_NO_GIL
from test_law_blocks import folder  # noqa: F401, with the module that makes a known number of requests

ROUNDS = int(os.environ.get("HEAPSTER_THREAD_ROUNDS", "1"))

START = """
import gc, heapster, sys, threading
sys.setswitchinterval(1e-5)

def at_once(count, work):
    barrier, found, raised = threading.Barrier(count), [None] * count, []
    def run(number):
        barrier.wait()
        try:
            found[number] = work(number)
        except BaseException as error:
            raised.append(error)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not raised, raised[0]
    return found

def law_1(stats):
    assert stats.alloc_count == stats.alloc_histogram.total(), stats
    assert stats.realloc_growth_count == stats.realloc_growth_histogram.total(), stats
    assert stats.realloc_shrink_count == stats.realloc_shrink_histogram.total(), stats

def at_rest():
    gc.collect()
    gc.collect()
    stats = heapster.stats("python")
    law_1(stats)
    assert stats.total_alloc_sum - stats.total_dealloc_sum == stats.use_curr, stats
    assert heapster.status().uncounted_count == heapster.status().lost_size_count == 0, heapster.status()
    return stats
"""

END = """
assert heapster.status().python_way == "import", heapster.status()
assert not hasattr(sys, "_is_gil_enabled") or sys._is_gil_enabled() == {has_gil}
"""


@pytest.fixture
def script(plain):
    return lambda text, **variables: plain(START + text + END.format(has_gil=not HAS_NO_GIL), **variables)


@pytest.fixture
def with_requests(script, folder):  # noqa: F811
    return lambda text, **variables: script(f"sys.path.insert(0, {folder!r})\nimport law_blocks\n" + text, **variables)


@pytest.mark.parametrize("is_read", [False, True], ids=["at rest", "while it is read"])
def test_blocks_that_threads_hand_to_each_other_are_counted_one_by_one(with_requests, is_read):
    with_requests(
        f"""
def look(done):
    last = 0
    while not done.is_set():
        stats = heapster.stats("python")
        law_1(stats)
        assert stats.alloc_count >= last
        last = stats.alloc_count

def churn(turn):
    found = at_once(4, lambda number: law_blocks.churn(200_000, 1000 * turn + number))
    for made, counted in found:
        assert made == counted, (made, counted)
        assert made["alloc_count"] > 50_000
    rest = law_blocks.drain()
    made = {{name: sum(each[name] for each, _ in found) + rest[name] for name in rest}}
    assert made["alloc_count"] == made["dealloc_count"]
    return made

def churn_and_look(turn):
    done = threading.Event()
    made = at_once(2, lambda number: look(done) if number else (churn(turn), done.set())[0])
    return made[0]

churn(0)
for turn in range(1, {ROUNDS} + 1):
    before = at_rest()
    made = {"churn_and_look" if is_read else "churn"}(turn)
    diff = at_rest() - before
    assert abs(diff.live_change) < 200, diff
    for name, count in made.items():  # what is more are the threads' own objects
        more = getattr(diff, name) - count
        assert 0 <= more and ({is_read} or more <= (100_000 if "sum" in name else 1000)), (name, count, diff)
"""
    )


def test_cpythons_own_count_of_blocks_agrees_when_threads_rest(with_requests):
    with_requests(
        f"""
def work(number):
    kept = mixed[number]
    for i in range(20_000):
        kept.append((i, str(i), [i], bytearray(i % 3000), {{i: None}}))
        kept[-1][3].extend(b"x" * (i % 500))
        kept[-1][2].append(kept[-1])  # garbage that only the collector frees
        if len(kept) > 300:
            mixed[(number + 1) % 4][i % 300 % len(mixed[(number + 1) % 4])] = kept.pop(i % 300)

def change(before):
    gc.collect()
    blocks, live, unseen, crossed = (a - b for a, b in zip(law_blocks.read(), before))
    return blocks, live - unseen - crossed

mixed = [[None] for _ in range(4)]
at_once(4, work)
before = law_blocks.read()
for _ in range({2 * ROUNDS}):
    at_once(4, work)
    blocks, ours = change(before)
    assert abs(blocks - ours) <= 40, (blocks, ours)
    at_rest()
[each.clear() for each in mixed]
blocks, ours = change(before)
assert abs(blocks - ours) <= 40, (blocks, ours)
assert blocks < 0
"""
    )


def test_a_window_of_a_thread_is_exact_while_others_work(script):
    """Of bytearrays the resizes; where each thread has free lists of its own, every figure."""
    script(
        f"""
def program():
    kept = []
    for i in range(1000, 3000):
        kept.append(bytearray(i))
        kept[-1].extend(b"xyz")

def work(number):
    [heapster.measure(program, heap="python", scope="thread") for _ in range(3)]
    found = [heapster.measure(program, heap="python", scope="thread")[1] for _ in range(20)]
    names = ["realloc_growth_count"] + ["live_change", "alloc_count", "dealloc_sum", "use_peak"] * {HAS_NO_GIL}
    return [[getattr(each, name) for name in names] for each in found]

alone = at_once(1, work)[0]
assert all(each == alone[0] for each in alone), alone
for found in at_once(4, work):
    assert found == alone, (found, alone)
"""
    )


def test_nothing_is_all_zeros_in_every_thread_at_once(script):
    script(
        """
def work(number):  # a function of Python's has one frame to keep up to CPython 3.10, for all threads
    [heapster.measure(callable, None, scope="thread") for _ in range(10)]
    for _ in range(20_000):
        diff = heapster.measure(callable, None, scope="thread")[1]
        assert (diff.alloc_count, diff.dealloc_count, diff.live_change, diff.use_peak) == (0, 0, 0, 0), diff

at_once(4, work)
assert heapster.status().windows_open == 0
"""
    )


def test_values_that_threads_share_stay_whole(script):
    """A reader takes a value out of a list while the writer replaces, and so frees, it."""
    script(
        f"""
shared, done = [heapster.stats()] * 4, threading.Event()
def work(number):
    if number < 2:
        for i in range({60_000 * ROUNDS}):
            shared[i % 4] = heapster.stats("python") if i % 3 else heapster.Histogram(range(64))
        done.set()
        return
    while not done.is_set():
        for each in shared:
            if isinstance(each, heapster.Stats):
                assert each.kind == "snapshot" and each.alloc_count > 0, each
            else:
                assert each[63] == 63 and each.total() == 2016, each

at_once(4, work)
"""
    )


@pytest.mark.skipif(not HAS_NO_GIL, reason="under a GIL they come from the system, and CPython never sees them")
def test_values_lie_where_cpython_keeps_objects_and_show_in_no_figure(script):
    """CPython looks at an object that is being freed; only its own memory bears that."""
    script(
        """
kept, names = [None] * 1000, ["python"] * 1000
def fill():
    kept[:] = map(heapster.heap, names)

before = sys.getallocatedblocks()
diff = heapster.measure(fill)[1]
assert 1000 <= sys.getallocatedblocks() - before < 1100
assert diff.alloc_count < 100 and diff.live_change < 10, diff
kept.clear()
assert abs(sys.getallocatedblocks() - before) < 100
"""
    )


def test_a_manager_that_threads_share_is_one_window_at_a_time(script):
    script(
        f"""
def enter(manager):
    try:
        with manager:
            pass
        return True
    except RuntimeError as error:
        assert "open already" in str(error) or "ended" in str(error) or "closed" in str(error), error
        return False

for turn in range({2000 * ROUNDS}):
    measuring, limit = heapster.measuring(), heapster.limit(alloc_count=10**9)
    def work(number):
        entered = enter(measuring)
        enter(limit)
        try:
            return entered, measuring.diff
        except RuntimeError:
            return entered, None
    found = at_once(3, work)
    assert any(entered for entered, _ in found)
    assert len({{id(diff) for _, diff in found if diff}}) <= 1, found
assert heapster.status().windows_open == 0
"""
    )


def test_async_managers_may_be_shared_too(script):
    script(
        f"""
import asyncio
async def enter(manager):
    try:
        async with manager:
            await asyncio.sleep(0)
    except RuntimeError as error:
        assert "open already" in str(error) or "ended" in str(error) or "closed" in str(error), error

for turn in range({200 * ROUNDS}):
    manager = heapster.limit(alloc_count=10**9)
    def work(number):
        for _ in range(20):
            manager.__aenter__, manager.__aexit__
        asyncio.run(enter(manager))
    at_once(3, work)
assert heapster.status().windows_open == 0
"""
    )


def test_the_collector_is_on_again_after_windows_that_stopped_it_at_once(script):
    script(
        """
def work(number):
    for i in range(100):
        kept = []
        def leak():
            for _ in range(10): kept.append([kept])
            kept.clear()
            assert not gc.isenabled()
        diff = heapster.measure(leak, gc="quick", scope="thread")[1]
        with heapster.measuring(gc="quick"):
            pass

at_once(4, work)
assert gc.isenabled()
gc.disable()
at_once(4, work)
assert not gc.isenabled()
"""
    )


def test_the_hook_goes_and_comes_from_several_threads(script):
    script(
        f"""
busy = True
def work(number):
    if number < 2:
        for _ in range({5000 * ROUNDS}):
            heapster.unhook("python"); heapster.hook("python"); heapster.status()
        return
    for _ in range({150 * ROUNDS}):
        kept = [(i, str(i), [i], bytearray(i)) for i in range(1000)]

at_once(4, work)
heapster.hook("python")
assert heapster.measure(lambda: [object() for _ in range(100)], heap="python")[1].alloc_count >= 100
assert heapster.status().uncounted_count == 0
"""
    )


def test_plain_values_are_read_from_what_another_thread_changes(script):
    script(
        f"""
plain, buckets = heapster.stats().as_dict(), list(range(64))
def work(number):
    for i in range({5000 * ROUNDS}):
        if number == 0:
            plain.pop("alloc_sum", None); plain["alloc_sum"] = 10**10 + i
            plain["alloc_histogram"] = list(plain["alloc_histogram"])
            buckets.clear(); buckets.extend(range(1000, 1064))
        else:
            heapster.Stats.from_dict(plain)
            try:
                assert heapster.Histogram(buckets)[63] in (63, 1063)
            except ValueError as error:
                assert "64 counts" in str(error), error

at_once(3, work)
"""
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="an interpreter has a GIL of its own from CPython 3.12 on")
def test_interpreters_with_their_own_gil_are_counted_at_once(with_requests):
    name = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
    with_requests(
        f"""
import {name} as interpreters
WORK = '''
import gc
kept = []
for i in range(40_000):
    kept.append((i, str(i), [i], bytearray(i % 3000)))
    kept[-1][3].extend(b"x" * (i % 500))
    if len(kept) > 300: kept.pop(i % 300)
kept.clear()
gc.collect()
try:
    import heapster
except ImportError:
    pass
'''
made = [interpreters.create() for _ in range(4)]
at_once(4, lambda number: interpreters.run_string(made[number], WORK))
before = law_blocks.read()
counted = at_rest()
for _ in range({2 * ROUNDS}):
    at_once(4, lambda number: interpreters.run_string(made[number], WORK))
blocks, live, unseen, crossed = (a - b for a, b in zip(law_blocks.read(), before))
assert abs(blocks - (live - unseen - crossed)) <= 40, (blocks, live, unseen, crossed)
assert (at_rest() - counted).alloc_count > {2 * ROUNDS} * 4 * 40_000 * 5
[interpreters.destroy(each) for each in made]
at_rest()
"""
    )
