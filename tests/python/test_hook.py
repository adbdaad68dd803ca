"""The hook of Python's objects: on, off, beside other hooks, in every kind of interpreter."""

import os
import signal
import subprocess
import sys

import pytest

import heapster
from builds import ALLOCATORS, DEBUG_ALLOCATORS, HAS_NO_GIL

ON = "import heapster, sys, tracemalloc\nassert heapster.status().python_way == 'import', heapster.status()\n"
COUNTS = "assert heapster.measure(lambda: [object() for _ in range(100)], heap='python')[1].alloc_count >= 100\n"
DOES_NOT = """
status = heapster.status()
assert status.python_way == 'none' and status.python_problem, status
for call in (lambda: heapster.measure(len, ()), lambda: heapster.measuring().__enter__(),
             lambda: heapster.limit(alloc_count=1).__enter__(), lambda: heapster.measure(len, (), heap='python')):
    try: call()
    except heapster.NotCounting as error: assert status.python_problem in str(error) or 'python' in str(error), error
    else: raise SystemExit('measured what is not counted')
"""


def test_objects_are_counted_from_the_import_on(plain):
    plain(ON + COUNTS)


@pytest.mark.parametrize("hooks", ["none", "", "lua", "none,lua"])
def test_the_environment_keeps_the_hook_off(plain, hooks):
    plain("import heapster\n" + DOES_NOT, HEAPSTER_HOOKS=hooks)


def test_the_environment_asks_for_it(plain):
    plain(ON + COUNTS, HEAPSTER_HOOKS=" python ,lua")


def test_unknown_names_in_the_environment_are_a_warning(plain):
    printed = plain(
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    import heapster\n"
        "print(*(str(w.message) for w in caught), sep='\\n')\n" + COUNTS,
        HEAPSTER_HOOKS="pyhton,python",
    )
    assert printed.count("pyhton") == printed.count("HEAPSTER_HOOKS") == 1


def test_the_hook_goes_and_comes_again(plain):
    plain(
        ON + "kept = [object() for _ in range(1000)]\n"
        "for _ in range(3):\n"
        "    heapster.unhook('python'); heapster.unhook('python')\n" + "    try: heapster.measure(len, ())\n"
        "    except heapster.NotCounting: pass\n"
        "    else: raise SystemExit('not off')\n"
        "    kept = [object() for _ in range(1000)]\n"
        "    heapster.hook('python'); heapster.hook('python')\n" + "    " + COUNTS + "del kept\n" + COUNTS
    )


def test_figures_stay_readable_while_it_is_off(plain):
    plain(
        ON + "heapster.unhook('python')\n"
        "before = heapster.stats('python')\n"
        "[object() for _ in range(1000)]\n"
        "assert heapster.stats('python') == before\n"
    )


def test_tracemalloc_may_start_and_stop_above(plain):
    plain(
        ON + "tracemalloc.start()\n" + COUNTS + "assert heapster.status().python_problem is None\n"
        "try: heapster.unhook('python')\n"
        "except RuntimeError as error: assert 'above' in str(error), error\n"
        "else: raise SystemExit('removed from below')\n"
        "assert 'above' in heapster.status().python_problem\n" + COUNTS + "heapster.hook('python')\n"
        "tracemalloc.stop()\n" + COUNTS + "assert heapster.status().python_problem is None\n"
        "heapster.unhook('python')\n" + DOES_NOT
    )


DROPPED = (
    "import tracemalloc\ntracemalloc.start()\n" + ON + COUNTS + "tracemalloc.stop()\n" + DOES_NOT
    + "assert 'tracemalloc' in heapster.status().python_problem\n"
)  # fmt: skip


@pytest.mark.skipif(not HAS_NO_GIL, reason="under a GIL no thread is in the middle of a call")
def test_without_a_gil_it_comes_again_only_over_what_was_below_at_first(plain):
    plain(
        DROPPED + "try: heapster.hook('python')\n"
        "except RuntimeError as error: assert 'below' in str(error), error\n"
        "else: raise SystemExit('hooked over something else')\n" + DOES_NOT
        + "assert 'below' in heapster.status().python_problem\n"
        "tracemalloc.start()\nheapster.hook('python')\n" + COUNTS
        + "assert heapster.status().python_problem is None\n"
    )


@pytest.mark.skipif(HAS_NO_GIL, reason="without a GIL it comes again only over what was below at first")
def test_a_hook_that_tracemalloc_dropped_is_reported(plain):
    plain(
        DROPPED + "heapster.hook('python')\n" + COUNTS + "tracemalloc.start()\n" + COUNTS + "tracemalloc.stop()\n" + COUNTS
    )


def test_tracemalloc_that_was_stopped_before(plain):
    plain("import tracemalloc\ntracemalloc.start()\ntracemalloc.stop()\n" + ON + COUNTS)


@pytest.mark.parametrize("allocator", [*ALLOCATORS, *DEBUG_ALLOCATORS])
def test_every_allocator_of_cpython_is_counted_alike(plain, allocator):
    script = (
        ON + COUNTS + "text = lambda: ','.join(str(i) for i in range(1000, 3000))\n"
        "heapster.measure(text)\n"
        "diff = heapster.measure(text, heap='python')[1]\n"
        "print(diff.alloc_count, diff.alloc_sum, diff.dealloc_count, diff.realloc_growth_count, diff.use_peak)\n"
    )
    assert plain(script, PYTHONMALLOC=allocator) == plain(script)


BEYOND = """
import ctypes, faulthandler, sys
api = ctypes.PyDLL(None)
{name}_Malloc, {name}_Calloc, {name}_Realloc, {name}_Free = (api.{name}_Malloc, api.{name}_Calloc, api.{name}_Realloc,
                                                             api.{name}_Free)
for each in {name}_Malloc, {name}_Calloc, {name}_Realloc: each.restype = ctypes.c_void_p
{name}_Realloc.argtypes, {name}_Free.argtypes = [ctypes.c_void_p, ctypes.c_size_t], [ctypes.c_void_p]
import heapster
assert heapster.status().python_way == 'import'
block = {request}
ctypes.memset(block, 1, {size} + 1)
{name}_Free(block)
"""


@pytest.mark.parametrize("name", ["PyMem", "PyObject"])
@pytest.mark.parametrize(
    "size, request_text",
    [
        (0, "{name}_Malloc(0)"),
        (16, "{name}_Malloc(16)"),
        (15, "{name}_Calloc(5, 3)"),
        (7, "{name}_Realloc({name}_Malloc(40), 7)"),
        (100, "{name}_Malloc(100)"),
    ],
)
def test_the_debug_allocators_see_a_byte_written_beyond_any_block(name, size, request_text):
    script = BEYOND.format(name=name, size=size, request=request_text.format(name=name))
    clean = {each: value for each, value in os.environ.items() if each != "LD_PRELOAD"}
    done = subprocess.run([sys.executable, "-c", script], env={**clean, "PYTHONMALLOC": "debug"}, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert "bad trailing pad byte" in done.stderr, done.stderr
    assert f"    {size} bytes originally requested" in done.stderr, done.stderr


def test_subinterpreters_leave_it_as_it_is(plain):
    name = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
    plain(
        ON + f"import {name} as interpreters\n"
        "first, second = interpreters.create(), interpreters.create()\n"
        "run = getattr(interpreters, 'run_string')\n"
        "for each in (first, second, first):\n"
        "    run(each, 'kept = [object() for _ in range(1000)]\\n"
        "try:\\n import heapster\\nexcept ImportError: pass')\n"
        + "    " + COUNTS + "interpreters.destroy(first)\n" + COUNTS + "heapster.unhook('python')\n"
        "run(second, 'try:\\n import heapster\\nexcept ImportError: pass')\n" + DOES_NOT
        + "interpreters.destroy(second)\nheapster.hook('python')\n" + COUNTS
    )


def test_a_forked_child_counts_on(plain):
    plain(
        ON + "import os\nkept = [object() for _ in range(1000)]\n"
        "child = os.fork()\n" + COUNTS + "del kept\n" + COUNTS + "if not child: os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )


def test_objects_and_malloc_partition_the_requests():
    big, small = heapster.measure(lambda: [bytearray(100_000), object()])[1], None
    assert big.alloc_count >= 4
    both = heapster.measure(lambda: bytearray(1 << 20))[1]
    python = heapster.measure(lambda: bytearray(1 << 20), heap="python")[1]
    malloc = heapster.measure(lambda: bytearray(1 << 20), heap="malloc")[1]
    assert both.alloc_count == python.alloc_count + malloc.alloc_count
    assert malloc.alloc_count == 0, "what pymalloc hands on to malloc is one request, of heap python"


@pytest.mark.parametrize("heap", ["python", "malloc", None])
def test_nothing_is_all_zeros_in_every_heap_and_thread(heap):
    import threading

    def nothing():
        pass

    def look(found):
        heapster.measure(nothing, heap=heap, scope="thread")
        found.append(heapster.measure(nothing, heap=heap, scope="thread")[1])
        for turn in range(3):
            with heapster.measuring(heap, "thread") as m, heapster.limit(heap=heap, scope="thread", alloc_count=0):
                pass
            if turn:  # the first looks names up, for which CPython's method cache may drop, and so free, another one
                found.append(m.diff)

    lists = [[] for _ in range(5)]  # one each: a list that threads share is grown, and freed later, in any of them
    look(lists[0])
    threads = [threading.Thread(target=look, args=(found,)) for found in lists[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(found) for found in lists] == [3] * 5
    for found in lists:
        assert all((diff.alloc_count, diff.use_peak) == (0, 0) for diff in found)
        # What was looked up before, here or by another thread, may be dropped from that cache, and so freed, at any turn.
        assert all(diff.live_change == -diff.dealloc_count for diff in found)
        assert 0 in [diff.dealloc_count for diff in found]


def test_two_snapshots_in_a_row_are_equal():
    for _ in range(2):
        before = heapster.stats("python")
        after = heapster.stats("python")
    assert (after - before).alloc_count == (after - before).dealloc_count == 0


def test_the_hook_goes_and_comes_against_busy_threads(plain):
    plain(
        ON + "import threading\nsys.setswitchinterval(1e-5)\nbusy = True\n"
        "def work():\n"
        "    kept = []\n"
        "    while busy:\n"
        "        kept = [(i, str(i), [kept and kept[-1][0]]) for i in range(50)]\n"
        "        bytearray(5000)\n"
        "threads = [threading.Thread(target=work) for _ in range(3)]\n"
        "[thread.start() for thread in threads]\n"
        "for _ in range(20_000):\n"
        "    heapster.unhook('python'); heapster.hook('python')\n"
        "busy = False\n"
        "[thread.join() for thread in threads]\n" + COUNTS
        + "assert heapster.status().uncounted_count == 0\n"
    )


REUSED = """
def use_memory_again():
    for size in range(1, 1200, 50):
        kept = [bytes(size) for _ in range(3000)]
        del kept

def books():
    stats, status = heapster.stats('python'), heapster.status()
    return stats.live_count, stats.use_curr, stats.unseen_free_count, status.doubtful_count, status.doubtful_bytes

use_memory_again()
live, use, unseen, _, _ = books()
short, long = [bytes(300) for _ in range(5000)], [bytes(3000) for _ in range(500)]
"""
HEALED = """
del short, long
assert books()[0] >= live + 5500
heapster.hook('python')
for _ in range(3): use_memory_again()
live_now, use_now, unseen_now, count, sum = books()
assert live_now - live <= count and use_now - use <= sum, (books(), live, use)
assert unseen_now - unseen > 4000, (books(), unseen)
assert heapster.status().lost_size_count == 0
"""


def test_what_is_freed_while_the_hook_is_off_leaves_the_figures_or_is_doubtful(plain):
    plain(
        ON + REUSED + "heapster.unhook('python')\n"
        "_, _, _, count, sum = books()\n"
        "assert count >= 5500 and sum >= 5000 * 300 + 500 * 3000, books()\n" + HEALED
        + "count = books()[3]; more = [bytes(3000) for _ in range(9000)]; assert books()[3] <= count, 'new and doubtful'\n"
    )


@pytest.mark.skipif(HAS_NO_GIL, reason="without a GIL it comes again only over what was below at first")
def test_so_does_what_is_freed_after_another_hook_dropped_ours(plain):
    plain(
        "import tracemalloc\ntracemalloc.start()\n" + ON + REUSED + "tracemalloc.stop()\n"
        "assert heapster.status().python_way == 'none'\n"
        "assert books()[3] >= 5500, books()\n" + HEALED
    )


def test_memray_may_trace_above_and_below(plain, tmp_path):
    pytest.importorskip("memray", reason="memray is no package of Debian's")
    tracker = f"with memray.Tracker({str(tmp_path)!r} + '/%d.bin', trace_python_allocators=True):\n"
    plain("import memray\n" + ON + tracker % 1 + "    " + COUNTS + COUNTS)
    plain("import memray\n" + tracker % 2 + "    import heapster\n    " + COUNTS + DOES_NOT + "heapster.hook('python')\n" + COUNTS)


def test_an_interrupted_window_is_closed(plain):
    plain(
        ON + "import os, signal\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        f"signal.signal({int(signal.SIGUSR1)}, stop)\n"
        "for _ in range(50):\n"
        "    try:\n"
        f"        with heapster.measuring(): os.kill(os.getpid(), {int(signal.SIGUSR1)}); [i for i in range(1000)]\n"
        "    except KeyboardInterrupt: pass\n"
        "assert heapster.status().windows_open == 0\n"
    )


def test_gdb_counts_its_own_objects(in_gdb):
    in_gdb(
        ON + COUNTS + "import gdb; gdb.execute('python print(len([object() for _ in range(10)]))')\n"
        "heapster.unhook('python'); heapster.hook('python')\n"
    )
