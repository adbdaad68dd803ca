"""Programs whose structs are shorter or longer than the library's, and callers without a header, get the same figures."""

import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from run_support import BUILD

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parents[1] / "core/include"
LIBRARY = BUILD / "lib"

# The structs that grow, each of which has a header; `kept` cannot be last in a struct that grows, but its frames can grow.
STRUCTS = ("stats", "status", "frame", "limit", "allocator")
CANNOT_SHRINK = ("limit", "allocator")  # shorter ones would have another meaning
MEMBER = re.compile(r"^  \w.*?[ *](\w+);", re.MULTILINE)


def split_members(name, text):
    """The header up to the members of the struct, these, and the rest."""
    found = re.search(rf"^struct heapster_{name} \{{\n(.*?)^\}};", text, re.DOTALL | re.MULTILINE)
    return text[: found.start(1)], found[1], text[found.end(1) :]


def shorten(name, members):
    """Without the last member."""
    return members if name in CANNOT_SHRINK else members[: list(MEMBER.finditer(members))[-1].start()]


def lengthen(_, members):
    return members + "  uint64_t later;\n"


def build(folder, change, *flags):
    """The client, built with headers in which `change` was made to the members of each struct."""
    shutil.copytree(HEADERS, folder / "include")
    for name in STRUCTS:
        header = folder / "include/heapster" / f"{name}.h"
        before, members, after = split_members(name, header.read_text("utf-8"))
        header.write_text(before + change(name, members) + after, "utf-8")
    program = folder / "client"
    flags = [*flags, *os.environ.get("HEAPSTER_CFLAGS", "").split()]
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", *flags, f"-I{folder / 'include'}",
                    HERE / "abi/client.c", f"-L{LIBRARY}", f"-Wl,-rpath,{LIBRARY}", "-lheapster", "-o", program],
                   check=True)  # fmt: skip
    return program


def output(program):
    ended = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return output(build(tmp_path_factory.mktemp("same"), lambda _, members: members))


def test_the_client_shows_what_it_did(expected):
    assert "alloc_count: 1\n" in expected
    assert "broken 3\n" in expected
    assert "2 heaps, 2 allocs\nmine: 1\nhosts: 1\n" in expected
    assert "frames 3, worst 2 of 3\n0 0\n1 300\n2 600\n" in expected


def test_a_program_with_longer_structs_gets_the_same_figures(expected, tmp_path):
    assert output(build(tmp_path, lengthen, "-DLATER")) == expected


def test_a_program_with_shorter_structs_gets_the_figures_that_it_knows(expected, tmp_path):
    def without_peaks(text):  # the peak of a frame is the figure that its struct lacks
        return [line.split()[:4] for line in text.splitlines() if not line.startswith("   ")]

    assert without_peaks(output(build(tmp_path, shorten))) == without_peaks(expected)


class Frame(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("allocs", "growths", "bytes", "peak")]


class FirstFrames(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("frame_count", "kept_count", "quiet_count", "worst_index")] + [
        ("last", Frame), ("mean", Frame), ("worst", Frame), ("kept", Frame * 256), ("fence", ctypes.c_uint64)]  # fmt: skip


def call_without_header():
    """Uses the exported functions with the structs of the first version, as other languages do."""
    library = ctypes.CDLL(str(LIBRARY / "libheapster.so.0"))
    for name in ("heapster_heap_malloc", "heapster_heap_find", "heapster_field_find"):
        getattr(library, name).restype = ctypes.c_void_p
    fence = b"\xa5" * 64
    stats = ctypes.create_string_buffer(b"\xa5" * 1856 + fence, 1856 + 64)
    status = ctypes.create_string_buffer(b"\xa5" * 128 + fence, 128 + 64)
    heaps = ctypes.create_string_buffer(b"\xa5" * (8 + 1856) * 2 + fence, (8 + 1856) * 2 + 64)
    frames = FirstFrames(fence=0xA5A5A5A5)
    heap = ctypes.c_void_p()
    window = ctypes.c_uint64()
    assert library.heapster_heap_create(b"mine", None, ctypes.byref(heap)) == 0
    assert library.heapster_frame_mark() == 0
    assert library.heapster_window_begin(heap, 0, ctypes.byref(window)) == 0
    block = library.heapster_heap_malloc(heap, ctypes.c_size_t(100))
    assert library.heapster_window_end(window, stats) == 0
    assert library.heapster_frame_mark() == 0
    allocs, allocated = (int.from_bytes(stats.raw[at : at + 8], "little") for at in (8, 16))
    assert stats.raw[1856:] == fence
    library.heapster_stats_read(heap, stats)
    assert stats.raw[1856:] == fence
    assert library.heapster_stats_read_all(stats, heaps, ctypes.c_size_t(2)) == 1
    assert heaps.raw[8 + 1856 :] == b"\xa5" * (8 + 1856) + fence
    library.heapster_status_read(status)
    assert status.raw[128:] == fence
    library.heapster_frames_read(heap, ctypes.byref(frames))
    limit = (ctypes.c_uint64 * 4)(0, 0, 0, 0xA5A5A5A5)
    assert library.heapster_limit_make(b"alloc_count", ctypes.c_int64(0), ctypes.c_int64(0), limit) == 0
    broken = library.heapster_limit_check(stats, limit, ctypes.c_size_t(1), None)
    library.heapster_heap_free(heap, ctypes.c_void_p(block))
    print(json.dumps({
        "allocs": [allocs, allocated], "frames": [frames.frame_count, frames.kept_count, frames.worst.allocs,
        frames.kept[0].bytes, frames.kept[1].bytes], "fences": [frames.fence, limit[3]], "broken": broken}))  # fmt: skip


def test_a_caller_without_a_header_gets_the_structs_of_the_first_version():
    ended = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "allocs": [1, 100], "frames": [1, 1, 1, 100, 0], "fences": [0xA5A5A5A5, 0xA5A5A5A5], "broken": 1}  # fmt: skip


if __name__ == "__main__":
    call_without_header()
