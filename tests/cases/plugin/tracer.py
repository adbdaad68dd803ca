"""A baseline without a tracer, a check under one that makes objects of its own, as coverage does: tests of unchanged
code pass, for the tracer is paused in the window or is part of what the baseline was made with."""

from pathlib import Path

from verdict import last_line, pytest, verdict

Path("library.py").write_text("""
def numbers(count):
    found = []
    for i in range(count):
        found.append({"number": i})
    return found
""")
Path("test_library.py").write_text("""
from library import numbers


def test_many():
    numbers(100)


def test_few():
    numbers(10)
""")
pytest("--heap-all", "--heap-baseline=update")
Path("conftest.py").write_text("""
import sys

lines = {}


def trace(frame, event, argument):
    lines.setdefault((frame.f_code.co_filename, frame.f_lineno), object())
    return trace


def pytest_runtest_setup():
    sys.settrace(trace)


def pytest_runtest_teardown():
    sys.settrace(None)
""")
summary = last_line(pytest("--heap-all"))
verdict(summary.startswith("2 passed"), summary)
