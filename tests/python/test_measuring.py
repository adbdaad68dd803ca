"""What measuring() has for tools that measure other people's functions: run(), gc, thread_peak; and limit().broken()."""

import gc
import sys
import threading

import pytest

import heapster


def in_a_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()


def test_run_gives_the_result_and_hands_on_every_argument(heap):
    def function(*args, **kwargs):
        heap.free(heap.malloc(10))
        return args, kwargs

    m = heapster.measuring(heap.name)
    names = {"heap": 1, "scope": 2, "warmup": 3, "gc": 4, "thread_peak": 5, "fn": 6, "self": 7, "repeat": 8}
    assert m.run(function, 1, 2, **names) == ((1, 2), names)
    assert m.diff.alloc_count == 1


def test_run_adds_nothing_whatever_the_arguments():
    def function(a, b, c, d, e, f, g, h, i, *, j, k):
        pass

    for _ in range(2):  # the first call makes a frame on old CPythons
        m = heapster.measuring(thread_peak=True)
        m.run(function, 1, 2, 3, 4, 5, 6, g=7, h=8, i=9, j=10, k=11)
    diff = m.diff
    copied = 8 * 11 if sys.version_info >= (3, 14) else 0  # by CPython's own call from C
    assert diff.alloc_count == diff.dealloc_count == bool(copied) and diff.live_change == 0
    assert diff.use_peak == diff.thread.use_peak == copied


def test_an_error_passes_through_run_and_the_diff_is_known(heap):
    def function():
        heap.free(heap.malloc(10))
        raise KeyError("mine")

    m = heapster.measuring(heap.name)
    with pytest.raises(KeyError, match="mine"):
        m.run(function)
    assert m.diff.alloc_count == 1


def test_run_is_for_one_window_and_for_functions():
    m = heapster.measuring()
    m.run(len, ())
    with pytest.raises(RuntimeError, match="measuring\\(\\) makes another"):
        m.run(len, ())
    for wrong in ((), (3,)):
        with pytest.raises(TypeError, match="run\\(\\) needs a function to call"):
            heapster.measuring().run(*wrong)


def test_a_run_that_ends_its_own_window_is_an_error():
    m = heapster.measuring()
    with pytest.raises(RuntimeError, match="ended before"):
        m.run(lambda: m.__exit__(None, None, None))
    assert heapster.status().windows_open == 0


def test_the_collector_is_off_inside_and_as_before_afterwards():
    for is_on in (True, False):
        (gc.enable if is_on else gc.disable)()
        with heapster.measuring(gc="stop"):
            assert not gc.isenabled()
        assert gc.isenabled() == is_on
        with pytest.raises(ZeroDivisionError), heapster.measuring(gc="stop"):
            1 / 0
        assert gc.isenabled() == is_on
        heapster.measuring(gc="stop").__enter__()  # dropped while it is open
        assert gc.isenabled() == is_on
        with pytest.raises(heapster.UnknownHeap):
            heapster.measuring("nowhere", gc="stop").__enter__()
        assert gc.isenabled() == is_on
    gc.enable()


def test_the_threads_share_has_its_peak_where_it_was_asked_for(heap):
    with heapster.measuring(heap.name, thread_peak=True) as m:
        block = heap.malloc(100)
        in_a_thread(lambda: heap.free(heap.malloc(3000)))
        heap.free(block)
    assert (m.diff.thread.use_peak, m.diff.foreign_count) == (100, 2)
    assert m.diff.use_peak >= 3000  # a peak of two threads together is not exact
    with heapster.measuring(heap.name) as m:
        heap.free(heap.malloc(100))
    assert m.diff.thread.use_peak is None and m.diff.thread.alloc_count == 1


def test_a_window_with_a_thread_peak_ends_on_its_own_thread():
    m = heapster.measuring(thread_peak=True)
    errors = []

    def leave():
        try:
            m.__exit__(None, None, None)
        except RuntimeError as error:
            errors.append(error)

    with m:
        in_a_thread(leave)
    assert len(errors) == 1 and "thread" in str(errors[0])
    assert m.diff.alloc_count > 0 and heapster.status().windows_open == 0


@pytest.mark.parametrize(("options", "words"), [
    ({"warmup": 1}, "unexpected keyword argument 'warmup'; it has heap, scope, gc, thread_peak, explain and root"),
    ({"gc": "off"}, "gc must be \"leave\", \"stop\" or \"quick\", not 'off'"),
    ({"thread_peak": 1}, "thread_peak must be True or False, not 1"),
])  # fmt: skip
def test_a_wrong_option_is_named(options, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        heapster.measuring(**options)
    assert words in str(caught.value)


def test_measure_hands_thread_peak_to_its_function():
    assert heapster.measure(dict, thread_peak=True)[0] == {"thread_peak": True}


def test_broken_has_the_words_of_the_limit_and_raises_nothing(heap):
    with heapster.measuring(heap.name) as m:
        heap.free(heap.malloc(64))
    assert heapster.limit(alloc_count=1, alloc_sum=64).broken(m.diff) == ""
    words = heapster.limit(alloc_count=0, alloc_sum=63, dealloc_count=1).broken(m.diff)
    assert [line.split(":")[0] for line in words.splitlines()] == ["alloc_count", "alloc_sum"]
    with pytest.raises(TypeError, match="broken\\(\\) needs a Stats, not int"):
        heapster.limit(alloc_count=0).broken(3)
