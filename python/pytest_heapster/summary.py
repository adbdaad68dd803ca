"""What a run says at its end: the terminal's section, and --heap-report=json:PATH or markdown:PATH."""

import json
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List

from heapster import figures

from pytest_heapster.options import make_update_command
from pytest_heapster.records import OTHER_ORDER, OTHER_SEED, VARIES, Record
from pytest_heapster.results import Results
from pytest_heapster.retries import MOST_RUNS
from pytest_heapster.wording import cell, count, describe_change, list_changes, list_explained

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

# The columns: what they rank by.
RANKS = (("alloc_count", "requests"), ("alloc_sum", "bytes"), ("use_peak", "peak"))

# How many rows or names, by verbosity; more than 1: all.
ROWS = {0: 3, 1: 10}


# --- words for one measurement ---


def _describe_rank(record: Record, field: str) -> str:
    """The change of the column's figure."""
    if record["baseline"] is None or field not in record["baseline"]["figures"]:
        return ""
    change = record["measured"]["figures"][field] - record["baseline"]["figures"][field]
    return f"{figures.signed(field, change)} against the baseline" if change else "as the baseline"


def _list_names(names: Iterable[str], verbosity: int) -> str:
    every = list(names)
    few = every if verbosity > 0 else every[: ROWS[0]]
    return ", ".join(few) + (f" and {len(every) - len(few)} more (-v)" if len(few) < len(every) else "")


# --- the terminal ---


def _make_table(records: List[Record], field: str, title: str, rows: int) -> List[str]:
    ranked = sorted(records, key=lambda each: (-each["measured"]["figures"][field], each["name"]))[:rows]
    lines = [f"most {title}:" if title != "peak" else "highest peak:"]
    for each in ranked:
        value = figures.figure(field, each["measured"]["figures"][field])
        lines.append(f"  {value:>12}  {each['name']}  {_describe_rank(each, field)}".rstrip())
    return lines


def _make_tables(records: List[Record], verbosity: int) -> List[str]:
    rows = ROWS.get(verbosity, len(records))
    return [line for field, title in RANKS for line in _make_table(records, field, title, rows)] if records else []


def _list_rises(records: List[Record]) -> List[str]:
    lines = [f"  {record['name']}: {describe_change(each)}"
             for record in records for each in list_changes(record) if each.after > each.before]  # fmt: skip
    return ["above the baseline:", *lines] if lines else []


def _list_improvements(records: List[Record]) -> List[str]:
    lines = [f"  {record['name']}: {describe_change(each)}"
             for record in records for each in list_changes(record) if each.field in record["improved"]]  # fmt: skip
    return ["below the baseline, --heap-baseline=update keeps that:", *lines] if lines else []


def _list_missing(results: Results, verbosity: int) -> List[str]:
    """The measurements without an entry."""
    expected = results.expected
    if expected.mode == "absent":
        return [f"{count(len(results.records))} with no baseline to compare with: {make_update_command(results.settings)} makes "
                f"{expected.path.name}, to be committed"] if results.records else []  # fmt: skip
    names = [each["name"] for each in results.records if each["is_missing"]]
    what = f"{count(len(names))} without an entry in {expected.path.name} for {expected.fingerprint}"
    return [f"{what}, made by --heap-baseline=update: {_list_names(names, verbosity)}"] if names else []


def _list_lacking(results: Results, verbosity: int) -> List[str]:
    """The measurements whose entry lacks a figure that is compared: by hand, or because a tolerance for it came later."""
    names: Dict[str, List[str]] = {}
    for each in results.records:
        names.setdefault(", ".join(results.expected.list_lacking(each)), []).append(each["name"])
    lines = []
    for fields, some in names.items():
        if fields:
            verb, pronoun = ("they are", "them") if "," in fields else ("it is", "it")
            lines.append(f"{count(len(some))} of which the baseline lacks {fields}, so {verb} not compared; "
                         f"--heap-baseline=update adds {pronoun}: {_list_names(some, verbosity)}")  # fmt: skip
    return lines


def _list_polluted(results: Results) -> List[str]:
    lines = []
    for each in results.records:
        lines += [f"not judged: {each['name']}: {line}" for line in each["unjudged"]]
        if each["state"] == "polluted" and (each["is_in_doubt"] or results.expected.mode == "update"):
            what = "polluted" if each["is_in_doubt"] else "not written because it is polluted"
            lines.append(f"{what}: {each['name']}: {each['foreign_count']:,} operations were other threads'; "
                         f"scope=\"thread\" leaves them out, own_threads=True says that they are the test's own")  # fmt: skip
    return lines


def _list_barely_kept(results: Results, verbosity: int) -> List[str]:
    names = [each["name"] for each in results.records if each["is_barely_kept"]]
    what = "by less than that figure may be off with other threads at work"
    return [f"{count(len(names))} that {'keeps' if len(names) == 1 else 'keep'} a limit on use_peak {what}: "
            f"{_list_names(names, verbosity)}"] if names else []  # fmt: skip


def _list_other_order(results: Results, verbosity: int) -> List[str]:
    """Measurements that keep what they may be only in the order of the files."""
    names = [each["name"] for each in results.records if each["state"] == OTHER_ORDER]
    pronoun = "it" if len(names) == 1 else "they"
    why = ("what ran before decides, such as which attributes the first objects of a class got, or xdist's environment, or "
           "the hash seed")  # fmt: skip
    return [f"{count(len(names))} outside what {pronoun} may be here, but not in one process in the order of the files, so "
            f"not failed ({why}): {_list_names(names, verbosity)}"] if names else []  # fmt: skip


def _list_other_seed(results: Results, verbosity: int) -> List[str]:
    """Measurements that keep their baseline with the hash seed of an update's second process."""
    names = [each["name"] for each in results.records if each["state"] == OTHER_SEED]
    pronoun = "it" if len(names) == 1 else "they"
    return [f"{count(len(names))} outside what {pronoun} may be here, but not with the hash seed of an update's second process, "
            f"so not failed: {_list_names(names, verbosity)}"] if names else []  # fmt: skip


def _list_uncompared(results: Results, verbosity: int) -> List[str]:
    """Measurements whose figures are not those of the test, by the reason."""
    names: Dict[str, List[str]] = {}
    for each in results.records:
        if each["why_uncompared"]:
            names.setdefault(each["why_uncompared"], []).append(each["name"])
    return [f"{count(len(some))} not compared ({why}): {_list_names(some, verbosity)}" for why, some in names.items()]


def _list_restless(results: Results, verbosity: int) -> List[str]:
    """Measurements that have no figure of their own: it still fell, or it varies by itself."""
    lines = []
    if results.unsteady:
        lines.append(f"{count(len(results.unsteady))} still falling after {MOST_RUNS} runs or a second: "
                     f"{_list_names(results.unsteady, verbosity)}")  # fmt: skip
    if results.why_unknown:
        lines.append(f"heapster: {results.why_unknown}")
    noisy = [each["name"] for each in results.records if each["state"] == VARIES]
    if noisy:
        pronoun = "its" if len(noisy) == 1 else "their"
        lines.append(f"{count(len(noisy))} above the baseline by what {pronoun} own runs differ by, so not failed; "
                     f"--heap-baseline=update marks that: {_list_names(noisy, verbosity)}")  # fmt: skip
    names = {each["name"] for each in results.records}
    known = [] if results.expected.mode == "update" else results.expected.list_varying()
    varying = results.varying or [name for name in known if name in names]
    if varying and verbosity >= 0:
        verb = "varies by itself" if len(varying) == 1 else "vary by themselves"
        lines.append(f"{count(len(varying))} that {verb} (the hash seed, the order of tests, or random numbers), compared "
                     f"with what was seen: {_list_names(varying, verbosity)}")  # fmt: skip
    return lines


def _list_unmeasured(results: Results, verbosity: int) -> List[str]:
    return [f"{count(len(names), 'test')} not measured ({why}): {_list_names(names, verbosity)}"
            for why, names in results.unmeasured.items()]  # fmt: skip


def _list_gone(results: Results, verbosity: int) -> List[str]:
    """In a run that compares: the entries of tests that are gone."""
    expected = results.expected
    gone = results.list_gone() if expected.mode == "check" and verbosity >= 0 else []
    if not gone:
        return []
    entries = "1 entry" if len(gone) == 1 else f"{len(gone)} entries"
    return [f"{entries} in {expected.path.name} of tests that are gone, dropped by --heap-baseline=update over all tests: "
            f"{_list_names(gone, verbosity)}"]  # fmt: skip


def _describe_update(results: Results) -> str:
    """What was written to the baseline, what was dropped, what stayed and why."""
    expected, collected, gone = results.expected, results.collected, results.list_gone()
    words = [f"{expected.path.name}: measurements written: {len(results.to_keep)}"]
    if gone and collected.cut:
        words.append(f"of tests that are gone: {len(gone)} (kept because {collected.cut}; an update over all tests "
                     "drops them)")  # fmt: skip
    elif gone:
        words.append(f"dropped because their tests are gone: {len(gone)}")
    others = len({*expected.list_names()} - {*results.to_keep} - {*gone})
    if others and collected.hidden:
        words.append(f"other entries kept: {others} (because {collected.hidden}; an update over all tests drops those "
                     "of tests that are gone)")  # fmt: skip
    elif others:
        words.append(f"other entries kept: {others}")
    return ", ".join(words)


def show(results: Results, terminal: "TerminalReporter", verbosity: int) -> None:
    """Print the section; a quiet run (-q) gets only the lines that it must not miss."""
    records, lines = results.records, []
    if verbosity >= 0:
        terminal.section(f"heapster: {results.expected.fingerprint}")
        lines += _make_tables(records, verbosity)
    lines += _list_improvements(records)
    if verbosity >= 0:
        lines += _list_rises(records)
    lines += [*_list_missing(results, verbosity), *_list_lacking(results, verbosity)]
    lines += [*_list_polluted(results), *_list_uncompared(results, verbosity)]
    lines += [*_list_barely_kept(results, verbosity), *_list_other_order(results, verbosity)]
    lines += [*_list_other_seed(results, verbosity), *_list_restless(results, verbosity)]
    lines += [*_list_unmeasured(results, verbosity), *_list_gone(results, verbosity)]
    if results.is_written:
        lines.append(_describe_update(results))
    for line in lines:
        terminal.line(line)
    for problem in results.problems:
        terminal.line(f"heapster: {problem}", red=True)
    if results.settings.is_github:
        from pytest_heapster import github

        for line in github.list_annotations(results):
            terminal.line(line)


# --- for machines, and for a pull request ---


def make_json(fingerprint: str, records: List[Record]) -> str:
    """The measurements by their names: figures, sizes, baseline, and what became of them."""
    found = {each["name"]: {key: value for key, value in each.items() if key != "name"} for each in records}
    return json.dumps({"fingerprint": fingerprint, "measurements": dict(sorted(found.items()))}, indent=1) + "\n"


def _make_row(record: Record) -> str:
    values = [figures.figure(field, record["measured"]["figures"][field]) for field, _ in RANKS]
    changed = "; ".join(map(describe_change, list_changes(record)))
    against = changed or ("as it was" if record["baseline"] else "none")
    return f"| {' | '.join([cell(record['name']), *values, record['state'], cell(against)])} |"


def make_markdown(fingerprint: str, records: List[Record]) -> str:
    head = ["| measurement | requests | bytes | peak | | against the baseline |", "|---|---:|---:|---:|---|---|"]
    rows = [_make_row(each) for each in sorted(records, key=lambda each: each["name"])]
    return "\n".join([f"### heapster: {fingerprint}", "", *head, *rows, *list_explained(records)]) + "\n"


FORMATS: Dict[str, Callable[[str, List[Record]], str]] = {"json": make_json, "markdown": make_markdown}


def write_reports(results: Results) -> None:
    """Write the files that --heap-report asks for; a file that cannot be written is a problem of the run."""
    if results.settings.is_github and results.records:
        from pytest_heapster import github

        github.write_summary(results)
    for form, path in results.settings.reports if results.records else ():
        try:
            words = FORMATS[form](results.expected.fingerprint, results.records)
            path.write_text(words, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            results.problems.append(f"{path}: cannot be written: {error.strerror}")
