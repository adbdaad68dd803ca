"""More blocks of one size and fewer of another than in the baseline: the parts that the failure names add up to the
difference."""

import re
from pathlib import Path

from verdict import pytest, verdict

TEST = """
def test_blocks():
    for _ in range({small}):
        bytes(100)
    for _ in range({large}):
        bytes(1000)
"""
Path("test_blocks.py").write_text(TEST.format(small=100, large=100))
pytest("--heap-all", "--heap-baseline=update")
Path("test_blocks.py").write_text(TEST.format(small=150, large=60))
text = pytest("--heap-all")
line = re.search(r"alloc_count: \S+ is ([\d,]+) above.*", text)
if not line:
    raise SystemExit("the count did not rise")
parts = [int(part) for part in re.findall(r"[(,;] *([-+]\d+)(?= )", line[0].replace("\u2212", "-"))]
verdict(sum(parts) == int(line[1]), line[0])
