"""What the tests of the heapster command share."""

import contextlib
import os
import re
import subprocess
from pathlib import Path

BUILD = Path(os.environ["HEAPSTER_BUILD"])
HEAPSTER = str(BUILD / "bin" / "heapster")
PROGRAMS = BUILD / "tests" / "programs"
HEADING = re.compile(r"^heapster: (\S+) \(pid (\d+)\)$", re.MULTILINE)
MISSING = "heapster: no report: "


def execute(command, **options):
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **options)


def run(*program, options=(), every=None, **others):
    environment = dict(others.pop("env", os.environ))
    if every is not None:
        environment["HEAPSTER_REPORT_EVERY"] = str(every)
    return execute([HEAPSTER, "run", *options, "--", *program], env=environment, **others)


@contextlib.contextmanager
def started(*words, every=None):
    """A program under the command that says "ready" and is to end by itself or by SIGTERM."""
    environment = dict(os.environ) if every is None else {**os.environ, "HEAPSTER_REPORT_EVERY": str(every)}
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
