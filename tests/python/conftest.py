"""What the tests share. They run under `heapster run`, so malloc is counted, and over the build tree's package:

    heapster run -o /dev/null -- python3 -m pytest tests/python       (PYTHONPATH and HEAPSTER_BUILD set)
"""

import ctypes
import itertools
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import heapster

# Projects that tests run.
collect_ignore = ["steady"]

BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])


class NamedHeap:
    """A heap of the core, whose blocks are asked for by the test and nobody else: exact figures."""

    core = ctypes.CDLL(str(BUILD / "lib" / "libheapster.so.0"))
    core.heapster_heap_malloc.restype = core.heapster_heap_realloc.restype = ctypes.c_void_p
    core.heapster_heap_malloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    core.heapster_heap_realloc.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    core.heapster_heap_free.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    core.heapster_heap_end.argtypes = [ctypes.c_void_p]
    numbers = itertools.count()

    def __init__(self):
        self.name = f"test:{os.getpid()}:{next(self.numbers)}"
        self.handle = ctypes.c_void_p()
        assert self.core.heapster_heap_create(self.name.encode(), None, ctypes.byref(self.handle)) == 0

    def malloc(self, size):
        return self.core.heapster_heap_malloc(self.handle, size)

    def realloc(self, block, size):
        return self.core.heapster_heap_realloc(self.handle, block, size)

    def free(self, block):
        self.core.heapster_heap_free(self.handle, block)

    def end(self):
        assert self.core.heapster_heap_end(self.handle) == 0


@pytest.fixture(scope="session")
def shared_heap():
    return NamedHeap()


@pytest.fixture
def heap(shared_heap):
    """A heap without live blocks; one for all tests."""
    assert heapster.stats(shared_heap.name).live_count == 0
    return shared_heap


@pytest.fixture
def plain():
    """Runs a script where nothing is counted; returns what it printed."""

    def run(script, **variables):
        clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        done = subprocess.run(
            [sys.executable, "-c", script], env={**clean, **variables}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def in_gdb(tmp_path):
    """Runs a script in the Python inside gdb, which is Debian's."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    if sys.executable != "/usr/bin/python3":
        pytest.skip("gdb embeds Debian's Python")

    def run(script):
        path = tmp_path / "probe.py"
        path.write_text(script + "\nprint('ran to its end')\n", encoding="utf-8")
        clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        command = ["gdb", "-q", "-nx", "-batch", "-x", str(path)]
        done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stdout.splitlines()[-1:] == ["ran to its end"], done.stdout + done.stderr

    return run
