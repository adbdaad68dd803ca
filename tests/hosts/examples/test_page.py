"""Limits by a marker, and counts that a committed baseline keeps: python3 -m pytest test_page.py"""

import pytest

LINES = [f"<p>line {number}</p>" for number in range(1000)]


def page(lines):
    return "\n".join(lines)


@pytest.mark.heap_limit(alloc_count=10, use_peak="64 KiB")
def test_page_asks_for_few_blocks():
    page(LINES)


def test_page_of_few_lines(heap):
    text = heap.measure(page, LINES[:10], name="ten lines", alloc_count=5)
    with heap.measuring("nothing", alloc_count=0):
        pass
    assert text.count("line") == 10
