"""Third-party suites under the plugin: what fails of unchanged code. Everything comes from PyPI.

python3 tests/python/third_party/suites.py BUILD [--rounds 5] [--keep] [NAME...]

Each suite is that of a release's source, run over the installed release, in a virtual environment of its own below
BUILD. An update makes a baseline; then the tests run in the same order, in random order, and on two workers of xdist, as
often as --rounds says; then a second update. A test that fails for its figures is listed; one that fails without the
plugin, too, is none. What the plugin lets pass, because it is not above its baseline in the order of the files and with the
hash seed of an update's second process, is counted.
--keep writes table.csv. The status is 0, 1 if a test failed that is not named as one that varies by itself, and 77 if
nothing could be had.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
from typing import Dict, List, NamedTuple

HERE = pathlib.Path(__file__).parent
TABLE = HERE / "table.csv"
PLUGINS = ["pytest", "pytest-xdist", "pytest-random-order"]
COLUMNS = ["suite", "version", "tests", "measured", "vary by themselves", "failures: same order", "random order", "two workers",
           "above in the same order with another hash seed only", "above in random order only", "above on workers only",
           "lines", "lines changed by a second update"]  # fmt: skip
OTHER_ORDER = re.compile(r"^(\d+) measurements? outside what (?:it|they) may be here, ", re.MULTILINE)

# It is there when the first update begins: tests that list their folder see it from then on.
EMPTY_BASELINE = '{"heapster_baseline": 2}\n'


class Suite(NamedTuple):
    project: str
    needs: List[str] = []
    tests: str = "tests"
    options: List[str] = []


# One test of more-itertools takes half the time of all. Four files of packaging have 61,500 of its 64,000 tests: an update of
# those takes an hour.
LONG = ["--deselect=tests/test_recipes.py::PrimeFunctionTests::test_primes"]
MANY = [f"--ignore=tests/test_{name}.py" for name in ("version", "requirements", "markers", "specifiers")]

# Async (jinja2, blinker) and hypothesis (attrs, priority) are among them.
SUITES = [
    Suite("attrs", ["hypothesis", "cloudpickle"]),
    Suite("jinja2", ["trio"]),
    Suite("toolz", tests="toolz/tests", options=["--import-mode=importlib"]),
    Suite("sqlparse"),
    Suite("h11", tests="h11/tests"),
    Suite("more-itertools", options=LONG),
    Suite("click"),
    Suite("pluggy", tests="testing"),
    Suite("itsdangerous", ["freezegun"]),
    Suite("packaging", ["pretend", "hypothesis", "tomli_w"], options=MANY),
    Suite("priority", ["hypothesis"], tests="test"),
    Suite("blinker", ["pytest-asyncio"]),
]

ORDERS = {"same": [], "random": ["--random-order"], "workers": ["-n", "2"]}


class Missing(Exception):
    """Why a suite could not be had."""


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)


def install(suite: Suite, folder: pathlib.Path):
    """The interpreter of a virtual environment with the project, and the version."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists() and run(sys.executable, "-m", "venv", folder / "venv").returncode:
        raise Missing("needs python3-venv")
    done = run(python, "-m", "pip", "-q", "install", suite.project, *PLUGINS, *suite.needs)
    if done.returncode:
        raise Missing(done.stderr.strip().splitlines()[-1])
    words = run(python, "-m", "pip", "show", suite.project).stdout
    return python, re.search(r"^Version: (\S+)", words, re.MULTILINE)[1]


def fetch(suite: Suite, python: pathlib.Path, version: str, folder: pathlib.Path):
    """The folder with the tests of that release."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    options = ["--no-deps", "--no-binary", suite.project]
    done = run(python, "-m", "pip", "-q", "download", *options, "-d", source, f"{suite.project}=={version}")
    archives = sorted(source.glob("*.tar.gz"))
    if not archives:
        raise Missing(done.stderr.strip().splitlines()[-1])
    with tarfile.open(archives[0]) as archive:
        archive.extractall(source)
    (root,) = [path for path in source.iterdir() if path.is_dir()]
    if not (root / suite.tests).is_dir():
        raise Missing(f"its source has no {suite.tests}")
    if (root / "src").is_dir():
        (root / "src").rename(root / "not_src")  # the tests run over the release that is installed
    return root


class Project:
    def __init__(self, suite: Suite, build: pathlib.Path):
        self.suite = suite
        self.folder = build / "third_party" / suite.project
        self.folder.mkdir(parents=True, exist_ok=True)
        self.python, self.version = install(suite, self.folder)
        self.root = fetch(suite, self.python, self.version, self.folder)
        self.baseline = self.root / "heapster-baseline.json"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "HEAPSTER"))}
        self.environment = {**clean, "PYTHONPATH": str(build / "python")}

    def pytest(self, *options):
        command = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", *self.suite.options, *options]
        return run(*command, self.suite.tests, cwd=self.root, env=self.environment)

    def failures(self, *options):
        """The tests that fail, and what pytest printed."""
        done = self.pytest("-rfE", *options)
        if done.returncode not in (0, 1):
            raise Missing(f"pytest ended with status {done.returncode}: {(done.stdout + done.stderr).strip()[-400:]}")
        return {*re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)}, done.stdout

    def entries(self):
        found = json.loads(self.baseline.read_text(encoding="utf-8"))
        return next((each for key, each in found.items() if key != "heapster_baseline"), {})


def lines_changed(before: str, after: str):
    return len({*after.splitlines()} - {*before.splitlines()})


def examine(project: Project, rounds: int) -> Dict[str, object]:
    bare, printed = project.failures("-p", "no:heapster")
    count = sum(int(number) for number in re.findall(r"(\d+) (?:passed|failed|error)", printed.splitlines()[-1]))
    project.baseline.write_text(EMPTY_BASELINE, encoding="utf-8")
    project.failures("--heap-all", "--heap-baseline=update")
    first = project.baseline.read_text(encoding="utf-8")
    entries = project.entries()
    varying = {name for name, entry in entries.items() if "varies" in entry}
    row = dict(zip(COLUMNS, (project.suite.project, project.version, count, len(entries), len(varying))))
    unexplained = set()
    for column, (order, options) in zip(COLUMNS[5:8], ORDERS.items()):
        found, elsewhere = [], []
        for _ in range(rounds):
            failed, printed = project.failures("--heap-all", *options)
            failed -= bare
            found.append(len(failed))
            elsewhere.append(sum(map(int, OTHER_ORDER.findall(printed))))
            for name in sorted(failed):
                print(f"  {order}: {name}{' (varies by itself)' if name in varying else ''}", flush=True)
                print("".join(f"    {line}\n" for line in printed.splitlines() if line.startswith(f"{name}: "))[:400], end="")
            unexplained |= failed - varying
        row[column] = " ".join(map(str, found))
        row.update({name: " ".join(map(str, elsewhere)) for name in COLUMNS[8:11] if order in name})
    project.failures("--heap-all", "--heap-baseline=update")
    row.update({"lines": len(first.splitlines()),
                COLUMNS[-1]: lines_changed(first, project.baseline.read_text(encoding="utf-8"))})  # fmt: skip
    row["unexplained"] = len(unexplained)
    return row


def keep(rows):
    """Write the table: rows of suites that were not run now stay."""
    old = {}
    if TABLE.exists():
        lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        old = {row["suite"]: row for row in csv.DictReader(lines)}
    for row in rows:
        old[row["suite"]] = {**row, "date": datetime.date.today().isoformat()}
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        file.write("# tests/python/third_party/suites.py; a figure is one of each round\n")
        writer = csv.DictWriter(file, [*COLUMNS, "date"], extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(old[name] for name in sorted(old))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_intermixed_args()
    rows = []
    for suite in SUITES:
        if options.names and suite.project not in options.names:
            continue
        try:
            row = examine(Project(suite, options.build.absolute()), options.rounds)
        except Missing as why:
            print(f"{suite.project}: {why}", flush=True)
            continue
        rows.append(row)
        print("; ".join(f"{name}: {value}" for name, value in row.items()), flush=True)
        if options.keep:
            keep([row])
    if not rows:
        return 77
    return 1 if any(row["unexplained"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
