"""What the tests of the heapster command share."""

import contextlib
import ctypes.util
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ["HEAPSTER_BUILD"])
HEAPSTER = str(BUILD / "bin" / "heapster")
PROGRAMS = BUILD / "tests" / "programs"
HEADING = re.compile(r"^heapster: (\S+) \(pid (\d+)\)$", re.MULTILINE)
MISSING = "heapster: no report: "
PROCESSOR = os.environ.get("HEAPSTER_PROCESSOR") or platform.machine()
IS_EMULATED = PROCESSOR != platform.machine()  # the tests run here, what was built runs under qemu-user


def require_built(program):
    """Of another processor there are only the programs that were built."""
    if IS_EMULATED and not Path(program).is_relative_to(BUILD):
        pytest.skip(f"{Path(program).name} is not built for {PROCESSOR}")


def library(name):
    """An allocator to preload."""
    found = None if IS_EMULATED else ctypes.util.find_library(name)
    if found is None:
        pytest.skip(f"{name} is not built for {PROCESSOR}" if IS_EMULATED else f"{name} is not installed")
    return found


def execute(command, **options):
    if any(HEAPSTER in str(word) for word in command):
        require_built(command[0])
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **options)


def run(*program, options=(), every=None, **others):
    require_built(program[0])
    environment = dict(others.pop("env", os.environ))
    if every is not None:
        environment["HEAPSTER_REPORT_EVERY"] = str(every)
    return execute([HEAPSTER, "run", *options, "--", *program], env=environment, **others)


@contextlib.contextmanager
def started(*words, every=None):
    """A program under the command that says "ready" and is to end by itself or by SIGTERM."""
    environment = dict(os.environ) if every is None else {**os.environ, "HEAPSTER_REPORT_EVERY": str(every)}
    require_built(words[words.index("--") + 1])
    command = [HEAPSTER, "run", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def assert_report(text, name):
    heading = HEADING.match(text)
    assert heading and heading[1] == name, text
    assert "alloc_count: " in text[heading.end() :], text


def assert_one_line(text, *words):
    assert text.count("\n") == 1 and text.startswith("heapster"), text
    for word in words:
        assert str(word) in text, text
