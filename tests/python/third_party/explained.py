"""Third-party suites, every test measured and explained: which lines made its requests. Everything comes from PyPI.

python3 tests/python/third_party/explained.py BUILD [--keep] [NAME...]      NAME: jinja2 and sqlparse, if none is given

Each suite runs twice over an empty baseline: with `heap_explain = always`, where each measured run is explained,
and with limits that every test breaks, where each is run once more to be explained. Of each measurement the sums
over the sites must be what its window counted, in all six figures; where the further run makes other requests than
the measured one, the report must say so, and by how much. --keep writes explained.csv. The status is 0, 1 if a sum
is not equal or more than 1 % of the further runs are unsteady, and 77 if nothing could be had.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import sys

from suites import EMPTY_BASELINE, SUITES, Missing, Project

HERE = pathlib.Path(__file__).parent
TABLE = HERE / "explained.csv"
USUAL = ["jinja2", "sqlparse"]
MOST_UNSTEADY = 0.01
COLUMNS = ["suite", "version", "CPython", "way", "measurements", "requests", "sums unequal", "elsewhere", "under way",
           "unsteady", "unsteady by at most", "not said"]  # fmt: skip


def explain_suite(project: Project, way: str):
    """The lines of explain_all.py, the last of each measurement."""
    found = project.folder / f"explained-{way}.jsonl"
    found.unlink(missing_ok=True)
    project.baseline.write_text(EMPTY_BASELINE, encoding="utf-8")
    variables = {"HEAPSTER_EXPLAIN_ALL": str(found), "HEAPSTER_EXPLAIN_BREAK": "1" if way == "on-failure" else "0"}
    paths = f"{project.environment['PYTHONPATH']}{os.pathsep}{HERE}"
    project.environment.update(variables, PYTHONPATH=paths)
    project.failures("-p", "explain_all", "--heap-all", "-o", f"heap_explain={way}")
    if not found.exists():
        raise Missing(f"nothing was explained with heap_explain = {way}")
    lines = [json.loads(line) for line in found.read_text(encoding="utf-8").splitlines()]
    return list({each["name"]: each for each in lines}.values())


def summarize(project: Project, way: str, explained):
    """A row of the table. An unsteady one that does not say so, or by how much, is "not said"."""
    unsteady = [each for each in explained if any(each["unsteady"])]
    changes = [max(map(abs, each["unsteady"])) for each in unsteady]
    words = "; unsteady: this run had "
    silent = [each for each in explained if any(each["unsteady"]) != (words in (each["sum"] or ""))]
    for each in unsteady:
        print(f"  {way}: {each['name']}: {each['sum']}", flush=True)
    for each in explained:
        if not each["is_equal"]:
            print(f"  {way}: {each['name']}: the sums differ: {each}", flush=True)
    totals = [sum(each[name] for each in explained) for name in ("requests", "elsewhere", "under_way")]
    unequal = sum(not each["is_equal"] for each in explained)
    version = ".".join(map(str, sys.version_info[:3]))
    return dict(zip(COLUMNS, (project.suite.project, project.version, version, way, len(explained), totals[0], unequal,
                              totals[1], totals[2], len(unsteady), max(changes, default=0), len(silent))))  # fmt: skip


def is_right(row) -> bool:
    return not row["sums unequal"] and not row["not said"] and row["unsteady"] <= MOST_UNSTEADY * row["measurements"]


def keep(rows):
    """Write the table: rows of suites that were not run now stay."""
    old = {}
    if TABLE.exists():
        lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        old = {(row["suite"], row["way"]): row for row in csv.DictReader(lines)}
    old.update({(row["suite"], row["way"]): {**row, "date": datetime.date.today().isoformat()} for row in rows})
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        file.write("# tests/python/third_party/explained.py; requests are new blocks and growths\n")
        writer = csv.DictWriter(file, [*COLUMNS, "date"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(old[name] for name in sorted(old))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_intermixed_args()
    rows = []
    for suite in SUITES:
        if suite.project not in (options.names or USUAL):
            continue
        try:
            project = Project(suite, options.build.absolute())
            found = [summarize(project, way, explain_suite(project, way)) for way in ("always", "on-failure")]
        except Missing as why:
            print(f"{suite.project}: {why}", flush=True)
            continue
        rows += found
        for row in found:
            print("; ".join(f"{name}: {value}" for name, value in row.items()), flush=True)
        if options.keep:
            keep(found)
    if not rows:
        return 77
    return 0 if all(map(is_right, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
