"""The watch on large requests: what is said, what is kept, and that no other figure changes for it."""

import os
import re
import subprocess
import sys
import threading

import pytest
from builds import HAS_NO_GIL

import heapster

KIB, MIB = 1 << 10, 1 << 20
LEAST = 32 * KIB


@pytest.fixture(autouse=True)
def watch_nothing():
    yield
    heapster.watch_large(0)
    heapster.large_requests()


def request(heap, *sizes):
    for size in sizes:
        heap.free(heap.malloc(size))


def of(heap):
    """What was kept of the heap; a test's own Python may make large requests, too."""
    return [kept for kept in heapster.large_requests() if kept.heap == heap.name]


def said(script):
    """The lines on standard error of a script that only Python's objects are counted in."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LD_PRELOAD", "HEAPSTER_"))}
    done = subprocess.run(
        [sys.executable, "-c", "import heapster\n" + script], env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def test_a_large_request_is_said_on_standard_error():
    [line, end] = said("heapster.watch_large('1 MiB'); a = bytes(3 << 20), bytes(1000), bytes(1 << 19), bytes(5 << 18)")
    assert re.fullmatch(r"heapster: 3.00 MiB requested in heap python( by \S+)? \(pid \d+\)", line)
    assert re.fullmatch(r"heapster: 1 more request above 1 MiB, of up to 1.25 MiB \(pid \d+\)", end)


@pytest.mark.parametrize("end", ["0", "'2 MiB'", "'2 MiB', keep=True"])
def test_the_rest_is_said_when_the_watch_ends_or_another_begins(end):
    lines = said(
        "import sys; heapster.watch_large('1 MiB'); kept = [bytearray(2 << 20) for _ in range(10)]\n"
        f"heapster.watch_large({end}); print('ended', file=sys.stderr)"
    )
    assert len(lines) == 4 and lines[3] == "ended", lines
    assert re.fullmatch(r"heapster: 8 more requests above 1 MiB, of up to 2.00 MiB \(pid \d+\)", lines[2])


def test_the_end_of_a_watch_that_keeps_says_nothing():
    assert said(
        "heapster.watch_large('1 MiB', keep=True); kept = [bytearray(2 << 20) for _ in range(100)]\n"
        "heapster.watch_large('2 MiB'); heapster.watch_large(0)"
    ) == []


def test_what_is_kept_is_not_said():
    assert said("heapster.watch_large('1 MiB', keep=True)\nfor _ in range(100): bytes(3 << 20)") == []


def test_zero_ends_the_watch(heap):
    assert said("heapster.watch_large(1 << 20); heapster.watch_large(0); bytes(3 << 20)") == []
    heapster.watch_large(MIB, keep=True)
    request(heap, 2 * MIB)
    heapster.watch_large(0)
    request(heap, 3 * MIB)
    assert [kept.size for kept in of(heap)] == [2 * MIB]


@pytest.mark.parametrize("size", [LEAST, "32KiB", MIB, "1 MiB", "1.5 MiB", "1MB", "64 MiB"])
def test_what_is_above_the_size_is_kept_and_nothing_else(heap, size):
    bytes_of = {"32KiB": LEAST, "1 MiB": MIB, "1.5 MiB": 3 * MIB // 2, "1MB": 10**6, "64 MiB": 64 * MIB}
    above = bytes_of.get(size, size)
    assert heapster.watch_large(size, keep=True) is None
    request(heap, 100, above // 2, above, above + 1, above + 1, above)
    grown = heap.realloc(heap.malloc(1000), above + 1001)
    heap.free(grown)
    assert [kept.size for kept in of(heap)] == [above + 1] * 3
    assert heapster.large_requests() == []


def test_64_are_kept_and_the_next_says_how_many_were_not(heap):
    heapster.watch_large(LEAST, keep=True)
    request(heap, *range(LEAST + 1, LEAST + 101))
    kept = heapster.large_requests()
    assert [each.size for each in kept] == list(range(LEAST + 1, LEAST + 65))
    assert {(each.unsaid_count, each.unsaid_max) for each in kept} == {(0, 0)}
    request(heap, MIB)
    [last] = heapster.large_requests()
    assert (last.size, last.unsaid_count, last.unsaid_max) == (MIB, 36, LEAST + 100)
    assert str(last).endswith("; before it 36 more, of up to 32.10 KiB")


def test_a_kept_request_is_a_value_with_size_heap_and_place(heap):
    heapster.watch_large(MIB, keep=True)
    request(heap, *[3 * MIB // 2] * 3)
    first, second, third = of(heap)
    assert (first.size, first.heap) == (3 * MIB // 2, heap.name)
    assert re.fullmatch(r"/\S+\+0x[0-9a-f]+( \(\w+\))?", second.place)  # of the call in C, here in libffi
    assert "libffi" in second.place and str(second) == f"1.50 MiB requested in heap {heap.name} by {second.place}"
    assert second == third and hash(second) == hash(third) and second != 3 and len({second, third}) == 1
    assert repr(first) == f"<LargeRequest size=1572864 heap='{heap.name}' unsaid_count=0>"
    with pytest.raises(AttributeError, match="read-only"):
        first.size = 3
    with pytest.raises(TypeError, match="cannot be made by hand"):
        heapster.LargeRequest()


@pytest.mark.parametrize("context", ["contextlib.nullcontext()"] + ["heapster.explaining('python')"] * (not HAS_NO_GIL))
def test_each_large_request_of_python_has_a_place(context):
    places = said(
        f"import contextlib, sys; heapster.watch_large(1 << 20, keep=True)\nwith {context}:\n"
        "  kept = [bytearray(3 << 20) for _ in range(9)]\n"
        "  for size in range(1 << 20, 9 << 20, 1 << 19): kept[0] += bytes(1 << 20)\n"
        "for each in heapster.large_requests(): print(each.place, file=sys.stderr)"
    )
    assert len(places) > 10 and all(re.fullmatch(r"/\S+\+0x[0-9a-f]+( \(\w+\))?", place) for place in places), places


def test_the_last_call_counts(heap):
    heapster.watch_large(MIB, keep=True)
    request(heap, 2 * MIB)
    heapster.watch_large(4 * MIB, keep=True)
    request(heap, 3 * MIB, 5 * MIB)
    assert [kept.size for kept in of(heap)] == [5 * MIB]  # the first watch's are forgotten


def test_a_size_that_is_refused_changes_nothing(heap):
    heapster.watch_large(MIB, keep=True)
    for wrong in (LEAST - 1, "1 KiB", -1, "no size", None):
        with pytest.raises((ValueError, TypeError)):
            heapster.watch_large(wrong)
    request(heap, 2 * MIB)
    assert [kept.size for kept in of(heap)] == [2 * MIB]


def test_requests_of_all_threads_are_kept(heap):
    heapster.watch_large(MIB, keep=True)
    threads = [threading.Thread(target=request, args=(heap, *[2 * MIB] * 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    kept = []
    while any(thread.is_alive() for thread in threads):
        kept += heapster.large_requests()
    for thread in threads:
        thread.join()
    kept += heapster.large_requests()
    request(heap, 3 * MIB)  # has what there was no room for
    kept += heapster.large_requests()
    assert len([each for each in kept if each.heap == heap.name]) + sum(each.unsaid_count for each in kept) == 81


def test_a_child_has_none_of_its_parents(heap):
    heapster.watch_large(MIB, keep=True)
    request(heap, 2 * MIB)
    child = os.fork()
    if child == 0:
        inherited = heapster.large_requests()
        request(heap, 3 * MIB)
        os._exit(inherited != [] or [kept.size for kept in of(heap)] != [3 * MIB])
    assert os.waitpid(child, 0)[1] == 0
    assert [kept.size for kept in of(heap)] == [2 * MIB]


def test_no_figure_changes_for_the_watch():
    def work():
        return [bytes(50 * KIB) for _ in range(50)], dict.fromkeys(range(10000))

    def figures():
        diff = heapster.measure(work, heap="python", scope="thread", warmup=1)[1].as_dict()
        absolute = ("use_curr", "use_max", "live_count")
        return {name: value for name, value in diff.items() if name not in absolute}

    plain = figures()
    heapster.watch_large(LEAST, keep=True)
    assert figures() == plain and len(heapster.large_requests()) == 64


def test_a_watch_over_nothing_is_refused(plain):
    printed = plain(
        "import heapster\ntry: heapster.watch_large('1 MiB')\nexcept heapster.NotCounting as e: print(e)\n"
        "heapster.watch_large(0); print(heapster.large_requests())",
        HEAPSTER_HOOKS="none",
    )
    assert printed.startswith("nothing is counted; malloc") and printed.endswith("\n[]\n")


def test_a_watch_after_the_last_unhook_is_refused(plain):
    printed = plain(
        "import heapster\nheapster.watch_large('1 MiB'); heapster.unhook('python')\n"
        "for keep in (False, True):\n    try: heapster.watch_large('1 MiB', keep)\n"
        "    except heapster.NotCounting as e: print(e)\n"
        "heapster.watch_large(0); heapster.hook('python'); heapster.watch_large('1 MiB'); print('watched')",
        HEAPSTER_HOOKS="python",
    )
    lines = printed.splitlines()
    assert len(lines) == 3 and lines[2] == "watched", lines
    assert lines[0] == lines[1] and lines[0].startswith("nothing is counted; malloc")


def test_the_commands_watch_is_the_same_one():
    heapster_command = os.environ["HEAPSTER_BUILD"] + "/bin/heapster"
    command = [heapster_command, "run", "-w", "1MiB", "-o", "/dev/null", "--", sys.executable]
    script = "import heapster\nif {}: heapster.watch_large(0)\nbytes(64 << 20)"
    lines = [
        subprocess.run([*command, "-c", script.format(ends)], capture_output=True, text=True, check=True).stderr
        for ends in (False, True)
    ]
    assert "64.00 MiB requested in heap python" in lines[0] and lines[1] == ""
