"""measure(): arguments, options, results and errors."""

import contextlib
import gc
import sys
import threading
import traceback

import pytest
from builds import HAS_NO_GIL

import heapster


def nothing(*args, **kwargs):
    pass


def echo(*args, **kwargs):
    return args, kwargs


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 40])
def test_positional_and_keyword_arguments_arrive_as_they_were(count):
    names = {f"name_{i}": i for i in range(count)}
    assert heapster.measure(echo, *range(count), **names)[0] == (tuple(range(count)), names)


def test_options_are_taken_out_of_the_keyword_arguments():
    assert heapster.measure(echo, 1, a=2, scope="process", b=3, repeat=1, c=4)[0] == ((1,), {"a": 2, "b": 3, "c": 4})


def test_bound_methods_and_classes_are_measured(heap):
    class Thing:
        def ask(self, *sizes):
            return [heap.free(heap.malloc(size)) for size in sizes]

    assert heapster.measure(Thing().ask, 1, 2, 3, 4, 5, 6, 7, 8, 9, heap=heap.name)[1].alloc_count == 9
    assert isinstance(heapster.measure(Thing)[0], Thing)


@pytest.mark.parametrize("arguments", [0, 8, 30])
def test_the_arguments_themselves_add_nothing(arguments):
    names = ", ".join(f"a{i}" for i in range(arguments))
    function = eval(f"lambda {names}: None")
    values = list(range(arguments))
    heapster.measure(function, *values)
    diff = heapster.measure(function, *values)[1]
    copied = 8 * arguments if arguments > 8 and sys.version_info >= (3, 14) else 0  # by CPython's own call from C
    assert (diff.alloc_count, diff.alloc_sum, diff.live_change) == (bool(copied), copied, 0)


def test_figures_are_exact(heap):
    def work():
        first = heap.malloc(100)
        second = heap.malloc(28)
        first = heap.realloc(first, 300)
        heap.free(second)
        return first

    block, diff = heapster.measure(work, heap=heap.name)
    heap.free(block)
    assert (diff.alloc_count, diff.alloc_sum, diff.alloc_avg) == (2, 128, 64)
    assert (diff.realloc_growth_count, diff.realloc_growth_sum) == (1, 200)
    assert (diff.dealloc_count, diff.dealloc_sum) == (1, 28)
    assert (diff.live_change, diff.use_change, diff.use_peak) == (1, 300, 328)


def test_a_heap_is_given_by_name_or_as_an_object(heap):
    def work():
        heap.free(heap.malloc(5))

    for given in (heap.name, heapster.heap(heap.name)):
        assert heapster.measure(work, heap=given)[1].alloc_sum == 5


def test_the_traceback_of_an_error_reaches_into_the_function():
    def fails():
        raise KeyError("inside")

    with pytest.raises(KeyError, match="inside") as caught:
        heapster.measure(fails)
    assert [frame.name for frame in traceback.extract_tb(caught.tb)][-1] == "fails"


def test_warmup_calls_come_before_the_window(heap):
    calls = []

    def work():
        calls.append(None)
        heap.free(heap.malloc(len(calls)))

    assert heapster.measure(work, heap=heap.name, warmup=3)[1].alloc_sum == 4
    assert len(calls) == 4


def test_repeat_reports_the_run_with_the_fewest_requests(heap):
    requests = iter([5, 2, 3])

    def work():
        count = next(requests)
        for _ in range(count):
            heap.free(heap.malloc(1))
        return count

    result, diff = heapster.measure(work, heap=heap.name, repeat=3)
    assert result == diff.alloc_count == 2


def test_an_error_in_a_later_run_passes_through(heap):
    runs = iter([1])
    with pytest.raises(StopIteration):
        heapster.measure(lambda: next(runs), heap=heap.name, repeat=2)
    assert heapster.status().windows_open == 0


def test_gc_stop_keeps_the_collector_off_meanwhile_only():
    assert heapster.measure(gc.isenabled, gc="stop")[0] is False
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        heapster.measure(lambda: 1 / 0, gc="stop")
    assert gc.isenabled()
    gc.disable()
    heapster.measure(nothing, gc="stop")
    assert not gc.isenabled()
    gc.enable()


def in_another_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_thread_scope_leaves_other_threads_out(heap):
    def elsewhere():
        in_another_thread(lambda: heap.free(heap.malloc(9)))

    own = heapster.measure(elsewhere, heap=heap.name, scope="thread")[1]
    all_threads = heapster.measure(elsewhere, heap=heap.name)[1]
    assert (own.alloc_count, own.scope) == (0, "thread")
    assert (all_threads.alloc_count, all_threads.foreign_count) == (1, 2)


def test_measure_nests_in_itself_to_any_depth(heap):
    def down(level):
        if level == 0:
            return heap.free(heap.malloc(1))
        inner, diff = heapster.measure(down, level - 1, heap=heap.name)
        assert diff.alloc_count == 1
        return inner

    down(200)


def test_more_windows_than_there_are_places_is_an_error():
    with contextlib.ExitStack() as stack:
        for _ in range(4096):
            stack.enter_context(heapster.measuring())
        with pytest.raises(RuntimeError, match="all 4096 windows are open"):
            heapster.measure(list)
    assert heapster.status().windows_open == 0


def test_where_nothing_is_counted_it_says_so(plain):
    printed = plain(
        "import heapster\n"
        "for call in (lambda: heapster.measure(print), lambda: heapster.measuring().__enter__(),\n"
        "             lambda: heapster.limit(alloc_count=1).__enter__(), lambda: heapster.stats('malloc'),\n"
        "             lambda: heapster.measure(print, heap='malloc')):\n"
        "    try: call()\n"
        "    except heapster.NotCounting as error: print(error)\n",
        HEAPSTER_HOOKS="none",
    ).splitlines()
    assert len(printed) == 5
    assert all("heapster run" in line and "heapster.status()" in line for line in printed)


def test_a_named_heap_is_measured_where_malloc_is_not_hooked(plain):
    plain(
        "import conftest, heapster\n"
        "heap = conftest.NamedHeap()\n"
        "diff = heapster.measure(heap.malloc, 42, heap=heap.name)[1]\n"
        "assert (diff.alloc_count, diff.alloc_sum) == (1, 42)\n",
        PYTHONPATH=f"{__file__.rpartition('/')[0]}:{heapster.__path__[0].rpartition('/')[0]}",
    )


@pytest.mark.skipif(not HAS_NO_GIL, reason="under a GIL lines are captured")
@pytest.mark.parametrize("name", ["explain", "measure", "explaining", "limit"])
def test_without_the_gil_nothing_is_explained_or_called(name):
    calls = []

    def begin():
        if name in ("explain", "measure"):
            options = {"explain": True} if name == "measure" else {}
            return getattr(heapster, name)(calls.append, 1, **options)
        options = {"alloc_count": 0, "explain": True} if name == "limit" else {}
        with getattr(heapster, name)(**options):
            return calls.append(1)

    with pytest.raises(RuntimeError, match="cannot explain: this CPython runs without the GIL"):
        begin()
    assert calls == [] and heapster.status().windows_open == 0
    assert heapster.measure(nothing)[1].alloc_count == 0
