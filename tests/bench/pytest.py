"""What the pytest plugin costs: a suite of 1000 small tests, every one marked, against the same suite without it.

The runs of all candidates take turns; a ratio is of two runs of one turn, the median of all turns counts. Time is the
processor's, of the whole pytest process. pytest-memray comes from PyPI into a virtual environment below the build tree;
where it cannot be had, the comparison is left out and the CSV says so. It does not show tests that take longer: what a
measured test costs more is the same for them.
"""

import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import from_pypi
import interleaved
from interleaved import ratios, spread

FILES, TESTS = 20, 50
COLUMNS = ["what", *interleaved.columns("ratio"), "must be at most"]

# A test asks for some hundred blocks, and has a fixture; `{times}` makes the suite that runs each test as often.
TEST = """
import pytest

pytestmark = [{marks}]

@pytest.fixture
def rows():
    return [list(range(number)) for number in range(20)]

@pytest.mark.parametrize("number", range({tests}))
@pytest.mark.parametrize("time", range({times}))
def test_small(rows, number, time):
    totals = {{}}
    for row in rows:
        totals[str(len(row))] = [value * number for value in row]
    assert sorted(totals) == sorted(str(number) for number in range(20))
"""

# What each candidate marks its tests with, how often the suite has each, and how pytest is started.
LIMIT = "pytest.mark.heap_limit(alloc_count=10**9, warmup={})"
CANDIDATES = {
    "bare": ("", 1, ["-p", "no:heapster", "-p", "no:memray"]),
    "bare, each test twice": ("", 2, ["-p", "no:heapster", "-p", "no:memray"]),
    "loaded, no test marked": ("", 1, ["-p", "no:memray"]),
    "marked, no warm-up": (LIMIT.format(0), 1, ["-p", "no:memray"]),
    "marked, one warm-up": (LIMIT.format(1), 1, ["-p", "no:memray"]),
    "pytest-memray": ("pytest.mark.limit_memory('1 GB')", 1, ["-p", "no:heapster", "--memray"]),
}

# What is compared with what, and the most that it may be.
RATIOS = [
    ("loaded, no test marked", "bare", 1.02),
    ("marked, no warm-up", "bare", 1.10),
    ("marked, one warm-up", "bare, each test twice", 1.10),
    ("marked, one warm-up", "bare", ""),
    ("pytest-memray", "bare", ""),
    ("marked, one warm-up", "pytest-memray", 1.00),
]


def pytest_and_memray(options):
    """An interpreter with pytest, its own or that of a virtual environment with pytest-memray, and what is missing."""
    python, missing = from_pypi.installed(options, "pytest-memray")
    return (sys.executable, missing) if missing else (python, {})


class Bench:
    def __init__(self, build, python, folder, files):
        settings = {"PYTHONPATH": str(build / "python"), "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
        self.environment = interleaved.environment_of_a_run(settings)
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has .pyc files
        self.python = python
        self.folder, self.files = folder, files
        for name, (marks, times, _) in CANDIDATES.items():
            self.write(folder / name, marks, times)

    def write(self, folder, marks, times):
        folder.mkdir()
        text = "[pytest]\nmarkers =\n    heap_limit\n    limit_memory\n"
        (folder / "pytest.ini").write_text(text, encoding="utf-8")
        for number in range(self.files):
            text = TEST.format(marks=marks, tests=TESTS, times=times)
            (folder / f"test_{number}.py").write_text(text, encoding="utf-8")

    def seconds(self, name):
        command = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CANDIDATES[name][2]]
        with subprocess.Popen(command, cwd=self.folder / name, env=self.environment, stdout=subprocess.PIPE, text=True) as run:
            text = run.stdout.read()
            _, status, usage = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
        if run.returncode != 0:
            sys.exit(f"{name}: status {run.returncode}\n{text}")
        return usage.ru_utime + usage.ru_stime


def main():
    options = interleaved.options(interleaved.parser(__doc__, rounds=9))
    files = 1 if options.quick else FILES
    python, missing = pytest_and_memray(options)
    names = [name for name in CANDIDATES if name not in missing]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.build, python, pathlib.Path(folder), files)
        for name in names:
            bench.seconds(name)  # writes the .pyc files
        taken = interleaved.in_turns(names, options.rounds, bench.seconds)
    sheet = interleaved.Sheet(COLUMNS, [f"CPython {platform.python_version()}", f"{files * TESTS} tests"], missing)
    sheet.rows = [[f"{over} / {under}", *spread(ratios(taken[over], taken[under])).cells(), must]
                  for over, under, must in RATIOS if over in taken and under in taken]
    sheet.keep("pytest", options.output)


if __name__ == "__main__":
    main()
