"""A broken limit under pytest 9: no line "All traceback entries are hidden", which says nothing."""

from pathlib import Path

from verdict import last_line, pytest, verdict, virtual_environment

python = virtual_environment("pytest>=9")
Path("test_limit.py").write_text("""
import pytest


@pytest.mark.heap_limit(alloc_count=0)
def test_limit():
    [object() for _ in range(10)]
""")
text = pytest("test_limit.py", python=python)
if not last_line(text).startswith("1 failed"):
    raise SystemExit("the limit is not broken")
noise = [line for line in text.splitlines() if "traceback entries are hidden" in line]
verdict(not noise, noise[0] if noise else "the limit alone")
