"""Two updates of a baseline where only use_peak has changed, which is compared with nothing: the line stays."""

from pathlib import Path

from verdict import pytest, verdict

Path("test_churn.py").write_text("""
import os


def test_churn():
    kept = bytes(1000)
    if os.environ["ORDER"] == "one by one":
        del kept
    kept = bytes(2000)
""")
baseline = Path("heapster-baseline.json")
texts = []
for order in "together", "one by one":
    pytest("--heap-all", "--heap-baseline=update", ORDER=order)
    texts.append(baseline.read_text().splitlines())
changed = [after for before, after in zip(*texts) if before != after]
verdict(not changed, f"{len(changed)} lines changed")
