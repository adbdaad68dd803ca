"""Which line requested what a window counts: explain, measure(explain=True), explaining, limit(explain=True)."""

import ctypes
import gc
import json
import os
import pickle
import sys
import threading

import pytest
from builds import HAS_NO_GIL

import heapster

pytestmark = pytest.mark.skipif(HAS_NO_GIL, reason="without the GIL lines are not captured yet")

FIGURES = ("alloc_count", "alloc_sum", "realloc_growth_count", "realloc_growth_sum", "realloc_move_count",
           "realloc_move_sum")  # fmt: skip


def line_after(function, lines):
    """The number of the line so many below the def."""
    return function.__code__.co_firstlineno + lines


def check_sum(diff, is_alone=True):
    """The sites and what is under way are what the window counted."""
    sites = diff.sites
    for name in FIGURES:
        found = sum(getattr(site, name) for site in sites) + getattr(sites.under_way, name)
        assert found == getattr(sites.counted, name) == getattr(diff, name), (name, sites)
    assert not is_alone or not any(sites.under_way)
    return sites


def make(count):
    kept = []
    for i in range(count):
        kept.append([i, i])
    return kept


def test_a_line_is_named_with_all_that_it_requests():
    result, sites = heapster.explain(make, 100, heap="python", warmup=1)
    assert len(result) == 100
    first = sites[0]
    assert (first.file, first.line, first.function) == (__file__, line_after(make, 3), "make")
    assert first.via is None
    assert first.alloc_count >= 100 and first.realloc_growth_count >= 5
    assert 100 <= first.live_count <= first.alloc_count and first.live_bytes > 100 * 16
    assert str(sites).splitlines()[1].endswith(f"{__file__}:{line_after(make, 3)} in make")
    number = sites.counted.alloc_count + sites.counted.realloc_growth_count
    assert str(sites).endswith(f"\n{number} of {number} explained")


def test_measure_explains_the_run_that_it_measures():
    diff = heapster.measure(make, 50, explain=True, heap="python")[1]
    check_sum(diff)
    assert heapster.measure(make, 50)[1].sites is None
    best = heapster.measure(make, 50, explain=True, heap="python", repeat=3)[1]
    check_sum(best)


def test_a_with_block_is_explained():
    with heapster.explaining("python") as e:
        kept = make(20)
    assert len(kept) == 20
    assert e.sites == check_sum(e.diff)
    with heapster.measuring() as m:
        pass
    assert m.sites is None
    with heapster.measuring("python", explain=True) as m:
        kept = make(20)
    assert check_sum(m.diff)[0].function == "make"
    with pytest.raises(RuntimeError, match="when the with block has ended"):
        heapster.explaining().sites


def test_an_error_passes_through_and_the_sites_are_known():
    with pytest.raises(KeyError, match="mine"), heapster.explaining("python") as e:
        make(5)
        raise KeyError("mine")
    assert check_sum(e.diff)
    with pytest.raises(KeyError, match="mine"):
        heapster.explain({}.__getitem__, "mine")
    assert not heapster.explain(int)[1].under_way.alloc_count


def test_a_broken_limit_names_the_lines():
    @heapster.limit(alloc_count=3, explain=True)
    def too_much():
        return [[1], [2], [3], [4]]

    with pytest.raises(heapster.LimitExceeded) as caught:
        too_much()
    error = caught.value
    assert error.sites[0].function.endswith("too_much")
    assert error.sites == error.diff.sites and "alloc_count" in error.broken
    words = str(error).splitlines()
    assert words[0].startswith("alloc_count: ") and words[-1].endswith(" explained")
    with pytest.raises(heapster.LimitExceeded) as caught, heapster.limit(alloc_count=3):
        make(9)
    assert caught.value.sites is None and "explained" not in str(caught.value)


def test_a_leak_is_named_by_the_line_that_made_it():
    kept = []

    def leak():
        for _ in range(50):
            bytearray(100)
        kept.append(object())

    leak()
    with pytest.raises(heapster.LimitExceeded) as caught, heapster.limit(live_change=0, heap="python", explain=True):
        leak()
    first = caught.value.sites[0]
    assert first.line == line_after(leak, 3) and first.live_count >= 1
    assert max(site.alloc_count for site in caught.value.sites) >= 100, "another line requested more"


def test_sites_are_values():
    def run():
        return heapster.explain(make, 30, heap="python", gc="stop", warmup=3)[1]

    run()
    a, b = run(), run()
    assert a == b and hash(a) == hash(b) and not a != b and a != heapster.explain(make, 31, heap="python")[1]
    assert list(a) == [a[i] for i in range(len(a))] and a[-1] == a[len(a) - 1]
    assert a.scope == "process" and repr(a) == f"<Sites of {len(a)} lines: {str(a).splitlines()[-1]}>"
    assert repr(heapster.explain(list, "abc")[1]).startswith("<Sites of 1 line: ")
    plain = a.as_dict()
    assert json.loads(a.to_json()) == plain
    assert list(plain) == ["scope", "counted", "under_way", "sites"]
    assert plain["sites"][0]["alloc_histogram"] == list(a[0].alloc_histogram)
    assert plain["counted"] == {name: getattr(a.counted, name) for name in FIGURES}
    assert pickle.loads(pickle.dumps(a[0])) == a[0]
    for wrong in (lambda: a[len(a)], lambda: type(a)(), lambda: pickle.dumps(a), lambda: a.by_surplus(3),
                  lambda: a.table(-1), lambda: setattr(a, "scope", 1)):  # fmt: skip
        with pytest.raises((IndexError, TypeError, ValueError, AttributeError)):
            wrong()


def test_lines_in_the_surplus_buckets_come_first():
    def small_and_large():
        small = [object() for _ in range(50)]
        large = bytes(5000)
        return small, large

    sites = heapster.explain(small_and_large, heap="python")[1]
    assert sites[0].line == line_after(small_and_large, 1)
    surplus = heapster.Histogram([1 if i == 12 else 0 for i in range(64)])
    ranked = sites.by_surplus(surplus)
    assert ranked[0].line == line_after(small_and_large, 2)
    assert sorted(ranked) == sorted(sites) and ranked.counted == sites.counted


def test_a_table_ends_with_what_it_leaves_out():
    def lines():
        a = bytes(100)
        b = bytes(200)
        c = bytes(300)
        return a, b, c

    lines()
    sites = heapster.explain(lines, heap="python")[1]
    words = sites.table(2).splitlines()
    assert words[0].split() == ["alloc_count", "total_alloc_sum", "live_count", "site"]
    assert len(words) == 5 and words[3].startswith(f"and {len(sites) - 2} more line") and " alloc" in words[3]
    assert sites.table(0).splitlines()[0].startswith(f"and {len(sites)} more lines with ")
    assert sites.table(99) == str(sites)


def test_a_request_of_a_library_is_at_the_line_below_the_root(tmp_path):
    root = os.path.dirname(__file__)

    def call_json():
        return json.dumps([[1.5]] * 20)

    call_json()
    sites = heapster.explain(call_json, heap="python", root=root)[1]
    assert {site.file for site in sites} == {__file__}
    assert sites[0].line == line_after(call_json, 1) and "json/encoder.py:" in sites[0].via
    inner = heapster.explain(call_json, heap="python")[1]
    assert inner[0].file.endswith("encoder.py") and inner[0].via is None
    assert inner[0].alloc_count <= sites[0].alloc_count
    for elsewhere in (str(tmp_path), root[:-1], root + "/test_explain.p"):
        assert heapster.explain(call_json, heap="python", root=elsewhere)[1][0].file.endswith("encoder.py")
    for wrong in (3, "", "relative", b"/"):
        with pytest.raises((TypeError, ValueError), match="root must be"):
            heapster.explain(call_json, root=wrong)


def test_a_request_in_c_is_at_the_line_that_called_it(heap):
    core = ctypes.PyDLL(heap.core._name)  # keeps the GIL
    core.heapster_heap_malloc.restype = ctypes.c_void_p
    core.heapster_heap_malloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

    def call():
        block = core.heapster_heap_malloc(heap.handle, 100)
        heap.free(block)

    call()
    site = check_sum(heapster.measure(call, heap=heap.name, explain=True)[1])[0]
    assert (site.alloc_count, site.alloc_sum, site.file, site.line) == (1, 100, __file__, line_after(call, 1))
    assert " in " in site.via, "the call in C"


def test_a_request_without_the_gil_is_at_its_caller_in_c(heap):
    def call():
        heap.free(heap.malloc(100))

    call()
    site = check_sum(heapster.measure(call, heap=heap.name, explain=True)[1])[0]
    assert (site.alloc_count, site.alloc_sum, site.line, site.via) == (1, 100, None, None)
    assert ".so" in site.file


def test_malloc_is_at_the_line_that_holds_the_gil():
    libc = ctypes.PyDLL(None)  # keeps the GIL
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]

    def call():
        libc.free(libc.malloc(123_457))

    call()
    diff = heapster.measure(call, heap="malloc", explain=True)[1]
    site = check_sum(diff)[0]
    assert site.file == __file__ and site.line == line_after(call, 1) and site.alloc_sum >= 123_457


def test_a_thread_is_explained_alone():
    stop = threading.Event()
    thread = threading.Thread(target=lambda: [make(50) for _ in iter(stop.is_set, True)])
    thread.start()
    try:
        diff = heapster.measure(make, 3000, heap="python", scope="thread", explain=True)[1]
    finally:
        stop.set()
        thread.join()
    sites = check_sum(diff)
    assert sites.scope == "thread" and sites[0].function == "make"
    assert not any("<lambda>" in site.function for site in sites)


def test_other_threads_are_explained_too():
    def other():
        for _ in range(200):
            make(20)

    def run():
        threads = [threading.Thread(target=other) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run()
    diff = heapster.measure(run, heap="python", explain=True)[1]
    sites = check_sum(diff, is_alone=False)
    assert sites[0].function == "make" and sites[0].alloc_count >= 4 * 200 * 20
    assert sites.under_way.alloc_count <= 5


def test_a_subinterpreter_is_elsewhere():
    interpreters = pytest.importorskip("_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters")
    source = "x = [[j] for j in range(2000)]\nimport json\njson.dumps(x)\n"

    def run():
        for _ in range(3):
            number = interpreters.create()
            getattr(interpreters, "run_string", getattr(interpreters, "exec", None))(number, source)
            interpreters.destroy(number)

    diff = heapster.measure(run, heap="python", explain=True)[1]
    sites = check_sum(diff, is_alone=False)
    assert sites[len(sites) - 1].file is None and sites[len(sites) - 1].alloc_count >= 6000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_child_of_a_fork_goes_on_or_says_that_it_is_over(plain):
    script = """
import os, threading, heapster
def check(is_same):
    pid = os.fork()
    if pid == 0:
        kept = [[i] for i in range(100)]
        try:
            e.__exit__(None, None, None)
            ended = sum(s.alloc_count for s in e.sites) == e.sites.counted.alloc_count
        except RuntimeError:
            ended = not is_same
        heapster.explain(list, [1])
        os._exit(0 if ended else 1)
    assert os.waitpid(pid, 0)[1] == 0
e = heapster.explaining("python"); e.__enter__(); check(True); e.__exit__(None, None, None)
e = heapster.explaining("python"); e.__enter__()
t = threading.Thread(target=check, args=(False,)); t.start(); t.join()
e.__exit__(None, None, None)
print(e.sites[0].alloc_count > 0)
"""
    assert plain(script) == "True\n"


def test_explaining_leaves_no_references_behind():
    def work():
        return json.dumps(make(20))

    def counts():
        codes = (work.__code__, make.__code__, json.dumps.__code__)
        return [sys.getrefcount(code) for code in codes] + [sys.getrefcount(make.__code__.co_filename)]

    heapster.explain(work, root=os.path.dirname(__file__))
    before = counts()
    for _ in range(50):
        heapster.explain(work, root=os.path.dirname(__file__))
        with heapster.explaining() as e:
            work()
        str(e.sites), e.sites.as_dict(), e.sites.by_live_count()
        del e
    gc.collect()
    assert counts() == before


def test_nothing_of_it_shows_in_an_outer_window():
    def nothing():
        pass

    def outer():
        with heapster.explaining("python"):
            pass

    outer()
    diff = heapster.measure(outer, heap="python")[1]
    assert diff.alloc_count == diff.live_change == 0
