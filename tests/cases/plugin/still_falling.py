"""Tests that share code whose figure falls with warmth, in another order than at the update: unchanged code passes, for
a test is run again as long as its figure still falls."""

from pathlib import Path

from verdict import last_line, pytest, verdict

TESTS = 5
FALLS = 70  # calls: the update makes ten of each test

Path("library.py").write_text(f"""
calls = 0


def work():
    global calls
    calls += 1
    for _ in range(max(0, {FALLS} - calls)):
        object()
""")
for number in range(TESTS):
    Path(f"test_{number}.py").write_text("from library import work\n\n\ndef test_work():\n    work()\n")
files = [f"test_{number}.py" for number in range(TESTS)]
pytest("--heap-all", "--heap-baseline=update", *files)
summary = last_line(pytest("--heap-all", *reversed(files)))
verdict(summary.startswith(f"{TESTS} passed"), summary)
