"""measuring() and limit(): windows between __enter__ and __exit__, and limited functions."""

import contextlib
import gc
import inspect
import pickle
import re
import threading
import warnings

import pytest

import heapster


def error_in_another_thread(function):
    errors = []

    def run():
        try:
            function()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return errors[0] if errors else None


def test_an_empty_block_is_all_zeros():
    for _ in range(2):
        with heapster.measuring() as m, heapster.limit(alloc_count=0, dealloc_count=0, use_peak=0):
            pass
    with heapster.measuring() as m:
        pass
    changes = {"live_count": None, "use_curr": None}
    assert {**m.diff.as_dict(), **changes} == {**heapster.measure(len, ())[1].as_dict(), **changes}
    assert m.diff.alloc_count == m.diff.dealloc_count == m.diff.use_peak == 0


def test_diff_is_known_only_after_the_block():
    m = heapster.measuring()
    with pytest.raises(RuntimeError, match="diff is known when"):
        m.diff
    with m:
        with pytest.raises(RuntimeError, match="diff is known when"):
            m.diff
    assert m.diff is m.diff


def test_an_error_in_the_block_passes_and_its_diff_is_kept(heap):
    with pytest.raises(ZeroDivisionError), heapster.measuring(heap.name) as m:
        heap.free(heap.malloc(3))
        1 / 0
    assert m.diff.alloc_sum == 3


def test_a_window_ended_twice_is_an_error():
    m = heapster.measuring()
    with m:
        pass
    with pytest.raises(RuntimeError, match="ended before"):
        m.__exit__(None, None, None)
    with pytest.raises(RuntimeError, match="measuring\\(\\) makes another"):
        m.__enter__()


def test_a_window_that_is_open_is_not_opened_again():
    limit = heapster.limit(alloc_count=5, heap="malloc")
    with limit, pytest.raises(RuntimeError, match="open already"):
        limit.__enter__()
    with limit:
        pass


def test_a_thread_window_ended_on_another_thread_is_an_error():
    m = heapster.measuring(scope="thread")
    with m:
        error = error_in_another_thread(lambda: m.__exit__(None, None, None))
    assert isinstance(error, RuntimeError)
    assert "thread" in str(error)
    assert m.diff.scope == "thread"


def test_a_window_that_is_dropped_gives_its_place_back():
    for _ in range(1000):
        heapster.measuring().__enter__()
    gc.collect()
    assert heapster.status().windows_open == 0


def test_an_exit_stack_takes_both_managers(heap):
    with contextlib.ExitStack() as stack:
        m = stack.enter_context(heapster.measuring(heap.name))
        stack.enter_context(heapster.limit(alloc_count=1, heap=heap.name))
        heap.free(heap.malloc(1))
    assert m.diff.alloc_count == 1


def test_a_limit_is_checked_at_the_limit_and_one_past_it(heap):
    def ask(count, **limits):
        with heapster.limit(heap=heap.name, **limits):
            for _ in range(count):
                heap.free(heap.malloc(1024))

    ask(3, alloc_count=3, alloc_sum="3 KiB", use_peak="1 KiB", live_change=0)
    with pytest.raises(heapster.LimitExceeded, match="alloc_count: 4 is 1 above the limit of 3"):
        ask(4, alloc_count=3)
    with pytest.raises(heapster.LimitExceeded, match="alloc_sum: 4 KiB is 1 KiB above the limit of 3 KiB"):
        ask(4, alloc_sum="3 KiB")


def test_a_pair_limits_both_ends(heap):
    kept = heap.malloc(7)
    with pytest.raises(heapster.LimitExceeded, match="live_change"), heapster.limit(live_change=(0, 0), heap=heap.name):
        heap.free(kept)
    with heapster.limit(live_change=(None, 0), alloc_count=(1, None), heap=heap.name):
        heap.free(heap.malloc(1))


def test_every_broken_limit_has_a_line_and_the_error_its_diff(heap):
    with pytest.raises(heapster.LimitExceeded) as caught, heapster.limit(alloc_count=0, alloc_sum=1, heap=heap.name):
        heap.free(heap.malloc(64))
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["alloc_count", "alloc_sum"]
    assert caught.value.diff.alloc_sum == 64
    assert isinstance(caught.value, AssertionError)
    assert caught.value.broken == ("alloc_count", "alloc_sum")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.diff) == (str(caught.value), caught.value.diff)


def allocate_beside_another_thread(heap):
    """Another thread's bytes come and go beside 5,000 of this one: by as much may the peak be off."""
    block = heap.malloc(5000)
    thread = threading.Thread(target=lambda: heap.free(heap.malloc(10_000)))
    thread.start()
    thread.join()
    heap.free(block)


UNJUDGED = r"use_peak: .* above the limit of .*, which is not judged: .* may be off by .*B$"


def limit_until_unjudged(heap, run, **others):
    """What `run` returns, called with a limit that allocate_beside_another_thread breaks only within the error of its peak.
    None: there, the other thread's end came at another moment, and so another peak."""
    for _ in range(100):
        with heapster.measuring(heap.name) as m:
            allocate_beside_another_thread(heap)
        limits = {"use_peak": m.diff.use_peak - 1, "heap": heap.name}
        if not m.diff.use_peak_error:
            continue
        assert heapster.limit(**limits).broken(m.diff) == ""
        assert re.match(UNJUDGED, heapster.limit(**limits).unjudged(m.diff))
        seen = run(heapster.limit(**limits, **others))
        if seen:
            return seen
    return pytest.fail("never within the error")


def warnings_of(call, action):
    with warnings.catch_warnings(record=True) as caught, contextlib.suppress(heapster.LimitExceeded):
        warnings.simplefilter(action, heapster.LimitUnjudged)
        call()
    return [(str(each.message), each.category, each.filename) for each in caught]


def test_a_limit_that_is_broken_only_within_the_error_of_the_peak_is_a_warning(heap):
    def run_block(limit):
        with limit:
            allocate_beside_another_thread(heap)

    for run in (run_block, lambda limit: limit(allocate_beside_another_thread)(heap)):
        seen = limit_until_unjudged(heap, lambda limit, run=run: warnings_of(lambda: run(limit), "always"))
        assert re.match(UNJUDGED, seen[0][0]) and seen[0][1:] == (heapster.LimitUnjudged, __file__)
    assert issubclass(heapster.LimitUnjudged, RuntimeWarning)


def test_the_warning_of_a_limit_that_is_not_judged_may_be_an_error(heap):
    def run(limit):
        try:
            warnings_of(lambda: limit(allocate_beside_another_thread)(heap), "error")
        except heapster.LimitUnjudged as warning:
            return str(warning)

    assert re.match(UNJUDGED, limit_until_unjudged(heap, run))
    assert not warnings_of(heapster.limit(use_peak=8, heap=heap.name)(lambda: heap.free(heap.malloc(8))), "error")


def test_a_limit_that_is_broken_beside_one_that_is_not_judged_is_an_error_that_names_both(heap):
    def run(limit):
        with pytest.raises(heapster.LimitExceeded) as caught, limit:
            allocate_beside_another_thread(heap)
        return "not judged" in str(caught.value) and (caught.value, limit.unjudged(caught.value.diff))

    error, words = limit_until_unjudged(heap, run, alloc_count=1)
    assert error.broken == ("alloc_count",) and re.match(UNJUDGED, words)
    with pytest.raises(TypeError, match="needs a Stats"):
        heapster.limit(alloc_count=1).unjudged(None)


def test_a_block_that_raised_is_not_judged(heap):
    with pytest.raises(ZeroDivisionError), heapster.limit(alloc_count=0, heap=heap.name):
        heap.free(heap.malloc(1))
        1 / 0


def test_a_decorated_function_is_judged_call_by_call(heap):
    @heapster.limit(alloc_count=2, heap=heap.name)
    def ask(count, *, size=1):
        """Ask."""
        for _ in range(count):
            heap.free(heap.malloc(size))
        return count

    assert ask(2) == ask(1, size=9) + 1 == 2
    with pytest.raises(heapster.LimitExceeded):
        ask(3)
    assert (ask.__name__, ask.__doc__) == ("ask", "Ask.")
    assert str(inspect.signature(ask)) == "(count, *, size=1)"


def test_a_decorated_method_is_bound_and_may_call_itself(heap):
    class Tree:
        @heapster.limit(alloc_count=4, heap=heap.name)
        def grow(self, depth):
            heap.free(heap.malloc(depth))
            return self if depth == 1 else self.grow(depth - 1)

    tree = Tree()
    assert tree.grow(4) is tree
    with pytest.raises(heapster.LimitExceeded):
        tree.grow(5)


def test_a_generator_function_is_refused_since_its_call_runs_nothing():
    def numbers():
        yield 1

    async def later():
        yield 1

    for function in (numbers, later):
        with pytest.raises(TypeError, match="only makes the generator"):
            heapster.limit(alloc_count=1)(function)


def test_a_limit_is_written_as_one_would_write_it():
    limit = heapster.limit(alloc_count=10, use_peak=("1 KiB", None), live_change=(-1, 0))
    assert repr(limit) == "<Limit alloc_count <= 10, 1024 <= use_peak, -1 <= live_change <= 0>"


def test_decorated_functions_in_a_cycle_are_collected():
    def made():
        @heapster.limit(alloc_count=1)
        def function():
            return function

        return function

    gc.collect()
    made()
    assert gc.collect() > 0
