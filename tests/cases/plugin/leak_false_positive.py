"""Tests that keep nothing, with a limit of live_change 0 as marker, as a window and as a measured function."""

from pathlib import Path

from verdict import last_line, pytest, verdict

Path("test_leak.py").write_text("""
import pytest

NOTHING = (0, 0)


@pytest.mark.heap_limit(live_change=NOTHING)
def test_dicts():
    [{"number": i} for i in range(100)]


@pytest.mark.heap_limit(live_change=NOTHING)
def test_floats():
    [i * 1.5 for i in range(1000)]


def test_window(heap):
    with heap.measuring("dicts", live_change=NOTHING):
        [{"number": i} for i in range(100)]


def test_function(heap):
    heap.measure(lambda: [{"number": i} for i in range(100)], name="dicts", live_change=NOTHING)
""")
summary = last_line(pytest())
verdict(summary.startswith("4 passed"), summary)
