"""--heap-report=github: a table in the summary of the job's step, and one annotation a file. Needs no token.

GitHub reads annotations from what the job prints: `::error file=PATH,line=LINE::TEXT`. Some characters are escaped, so that
no name of a test can make a command of its own.
"""

import os
from typing import Dict, List

from pytest_heapster.records import OTHER_ORDER, OTHER_SEED, VARIES, XFAILED, Record
from pytest_heapster.results import Results
from pytest_heapster.wording import cell, code, count, describe_change, list_changes, list_explained

# GitHub shows ten annotations of a step.
MOST_ANNOTATIONS = 10

# What is outside and does not fail.
EXCUSED = ((OTHER_ORDER, "Outside what they may be here, but not in one process in the order of the files"),
           (OTHER_SEED, "Outside what they may be here, but not with the hash seed of an update's second process"),
           (VARIES, "Above the baseline by what their own runs differ by"),
           (XFAILED, "Above, as their tests are expected to fail"))  # fmt: skip

HEAD = ["| measurement | what changed |", "|---|---|"]


def escape_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    return escape_text(text).replace(":", "%3A").replace(",", "%2C")


def _describe(record: Record) -> str:
    return "; ".join(map(describe_change, list_changes(record))) or "a limit of the test is broken"


def _list_words(record: Record) -> List[str]:
    """What changed and, if that is known, the line that did it."""
    explained = record["explained"]
    first = explained["lines"][:1] if explained is not None else []
    return [f"{record['name']}: {_describe(record)}", *(f"first: {line}" for line in first)]


def _make_section(title: str, rows: List[str]) -> List[str]:
    return ["", f"#### {title}", "", *HEAD, *rows] if rows else []


def _list_failed(results: Results) -> List[Record]:
    return sorted((each for each in results.records if each["state"] == "failed"), key=lambda each: each["name"])


def make_summary(results: Results) -> str:
    """What broke, what is better, and what was not measured, as markdown."""
    failed = _list_failed(results)
    improved = [each for each in results.records if each["improved"]]
    lines = [f"### heapster: {count(len(results.records))}, {len(failed)} above what they may be"]
    lines += ["", f"{cell(results.expected.fingerprint)}"]
    lines += _make_section("Above", [f"| {code(each['name'])} | {cell(_describe(each))} |" for each in failed])
    lines += list_explained(failed)
    rows = [f"| {code(each['name'])} | {cell(_describe(each))} |" for each in improved]
    lines += _make_section("Below the baseline", rows)
    for state, title in EXCUSED:
        excused = [each for each in results.records if each["state"] == state]
        lines += _make_section(title, [f"| {code(each['name'])} | {cell(_describe(each))} |" for each in excused])
    uncompared = [f"| {code(each['name'])} | {cell(each['why_uncompared'] or '')} |"
                  for each in results.records if each["why_uncompared"]]  # fmt: skip
    unmeasured = [f"| {code(name)} | {cell(why)} |" for why, names in results.unmeasured.items() for name in names]
    return "\n".join(lines + _make_section("Not measured, or not compared", uncompared + unmeasured)) + "\n"


def write_summary(results: Results) -> None:
    """Append it to the file that GitHub names; without one there is none. A file that cannot be written is a problem of
    the run."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(make_summary(results))
    except OSError as error:
        results.problems.append(f"{path}: cannot be written: {error.strerror}")


def _find_path(results: Results, file: str) -> str:
    """The path of a file of tests, as GitHub knows it: from the checkout on."""
    checkout = os.environ.get("GITHUB_WORKSPACE")
    return os.path.relpath(results.settings.root / file, checkout) if checkout else file


def list_annotations(results: Results) -> List[str]:
    """One for each file with a failure, ten at most; the last says how many more there are."""
    by_file: Dict[str, List[Record]] = {}
    for record in _list_failed(results):
        by_file.setdefault(record["name"].partition("::")[0], []).append(record)
    lines = []
    for file, records in list(by_file.items())[:MOST_ANNOTATIONS]:
        text = "\n".join(line for each in records for line in _list_words(each))
        lines.append([f"file={escape_property(_find_path(results, file))},line={records[0]['line']}", text])
    rest = sum(len(records) for records in list(by_file.values())[MOST_ANNOTATIONS:])
    if rest:
        lines[-1][1] += f"\nand {count(rest)} more in {count(len(by_file) - MOST_ANNOTATIONS, 'other file')}"
    return [f"::error {place}::{escape_text(text)}" for place, text in lines]
