"""malloc counted in a plain interpreter: heapster.hook("malloc"), without heapster run."""

import pytest

import heapster

# zlib asks for a state of some 6 KiB and a window of 64 KiB; sqlite3 for its pages.
HOOKED = """
import heapster
heapster.hook("malloc")
status = heapster.status()
assert (status.malloc_way, status.malloc_problem, status.malloc_is_proved) == ("attach", None, True), status
def largest(diff):
    return max(bucket for bucket, count in enumerate(diff.alloc_histogram) if count)
"""
COMPRESSES = """
import zlib
_, diff = heapster.measure(zlib.compress, bytes(100_000), heap="malloc")
assert 3 <= diff.alloc_count < 100 and diff.live_change == 0 and largest(diff) >= 15, diff
"""
QUERIES = """
import sqlite3
def query():
    with sqlite3.connect(":memory:") as base:
        base.execute("create table t(x)")
        base.executemany("insert into t values (?)", ((str(i) * 10,) for i in range(1000)))
    base.close()
_, diff = heapster.measure(query, heap="malloc", warmup=1)
assert diff.alloc_count > 100, diff
"""


@pytest.mark.parametrize("extension", [COMPRESSES, QUERIES], ids=["zlib", "sqlite3"])
def test_what_an_extension_asks_of_malloc_is_in_heap_malloc(plain, extension):
    plain(HOOKED + extension)


@pytest.mark.parametrize("extension", [COMPRESSES, QUERIES], ids=["zlib", "sqlite3"])
def test_an_extension_that_was_loaded_before_is_counted_too(plain, extension):
    plain("import sqlite3, zlib\n" + HOOKED + extension)


def test_objects_stay_in_heap_python(plain):
    plain(
        HOOKED + "kept = []\n"
        "with heapster.measuring(heap='malloc') as m: kept += [object() for _ in range(200)]\n"
        "assert m.diff.alloc_count < 5, m.diff\n"
        "with heapster.measuring(heap='malloc') as m: text = 'x' * 100_000\n"
        "assert m.diff.alloc_count == 0, m.diff\n"
        "with heapster.measuring(heap='python') as m: more = 'y' * 100_000\n"
        "assert m.diff.alloc_sum >= 100_000, m.diff\n"
    )


def test_heaps_partition_what_was_asked_for(plain):
    plain(
        HOOKED + "import zlib\n"
        "with heapster.measuring() as total, heapster.measuring('malloc') as malloc, heapster.measuring('python') as python:\n"
        "    zlib.compress(bytes(100_000))\n"
        "assert malloc.diff.alloc_sum + python.diff.alloc_sum <= total.diff.alloc_sum\n"
        "assert malloc.diff.alloc_sum >= 60_000 and python.diff.alloc_sum >= 100_000\n"
    )


def test_unhook_ends_it_and_hook_begins_again(plain):
    plain(
        HOOKED + "for _ in range(5):\n"
        "    heapster.unhook('malloc'); heapster.unhook('malloc')\n"
        "    status = heapster.status()\n"
        "    assert (status.malloc_way, status.malloc_problem) == ('none', 'its hook is off'), status\n"
        "    try: heapster.measure(len, (), heap='malloc')\n"
        "    except heapster.NotCounting as error: assert 'its hook is off' in str(error), error\n"
        "    else: raise SystemExit('measured what is not counted')\n"
        "    heapster.hook('malloc'); heapster.hook('malloc')\n"
        "    import zlib\n"
        "    assert heapster.measure(zlib.compress, bytes(1000), heap='malloc')[1].alloc_count >= 3\n"
    )


@pytest.mark.parametrize("hooks", ["malloc,python", "python,malloc", "malloc"])
def test_the_environment_asks_for_it(plain, hooks):
    plain(
        "import heapster, zlib\n"
        "assert heapster.status().malloc_way == 'attach', heapster.status()\n"
        "assert heapster.measure(zlib.compress, bytes(1000), heap='malloc')[1].alloc_count >= 3\n",
        HEAPSTER_HOOKS=hooks,
    )


def test_not_hooked_is_said_with_the_way_to_do_it(plain):
    plain(
        "import heapster\n"
        "try: heapster.stats('malloc')\n"
        "except heapster.NotCounting as error: assert 'hook(\"malloc\")' in str(error), error\n"
        "else: raise SystemExit('figures of what is not counted')\n"
        "assert 'hook \"malloc\"' in heapster.report().splitlines()[0], heapster.report()\n"
    )


def test_under_the_command_it_is_hooked_and_stays():
    assert heapster.status().malloc_way == "preload"
    heapster.hook("malloc")
    with pytest.raises(RuntimeError, match="for the life of the process, by preload"):
        heapster.unhook("malloc")


def test_threads_that_import_and_compress_meanwhile_are_not_disturbed(plain):
    plain(
        "import heapster, threading, zlib, importlib, sys\n"
        "names = ['bz2', 'lzma', 'decimal', 'ctypes', 'sqlite3', 'json', 'ssl', 'csv', 'array', 'unicodedata']\n"
        "def work(i):\n"
        "    for round in range(20):\n"
        "        try: importlib.import_module(names[(i + round) % len(names)])\n"
        "        except ImportError: pass\n"
        "        assert zlib.decompress(zlib.compress(bytes(10_000))) == bytes(10_000)\n"
        "threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]\n"
        "for thread in threads: thread.start()\n"
        "for _ in range(100): heapster.hook('malloc'); heapster.stats(); heapster.unhook('malloc')\n"
        "for thread in threads: thread.join()\n" + HOOKED + COMPRESSES
    )


def test_a_forked_worker_counts_on(plain):
    plain(
        HOOKED + "import os, zlib\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    ok = heapster.measure(zlib.compress, bytes(1000), heap='malloc')[1].alloc_count >= 3\n"
        "    os._exit(0 if ok else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )


def test_gdb_counts_what_its_extensions_ask(in_gdb):
    in_gdb(HOOKED + COMPRESSES + QUERIES)
