"""A test that fails when page() starts to ask for more memory than it does today.

heapster run -o /dev/null -- python3 -m pytest regression.py
"""

import heapster

LINES = [f"<p>line {number}</p>" for number in range(1000)]


def page(lines):
    return "\n".join(lines)


def test_page_asks_for_few_blocks():
    with heapster.limit(alloc_count=10, use_peak="64 KiB"):
        page(LINES)


def test_page_keeps_nothing_but_its_text():
    text, diff = heapster.measure(page, LINES)
    assert diff.use_change < 2 * len(text), diff
