"""The terminal's section: which tests asked for most, what changed, and what nobody looked at."""

from typing import TYPE_CHECKING, Iterable, List

from heapster import figures
from heapster.baseline import Change, changes

from pytest_heapster.record import Record, unpack

if TYPE_CHECKING:
    from pytest_heapster.expected import Expected
    from pytest_heapster.results import Results

# The columns: what they rank by.
RANKS = (("alloc_count", "requests"), ("alloc_sum", "bytes"), ("use_peak", "peak"))

# How many rows or names, by verbosity; more than 1: all.
ROWS = {0: 3, 1: 10}


def changes_of(record: Record) -> List[Change]:
    """How the measurement differs from its baseline."""
    if record["baseline"] is None:
        return []
    name = record["name"]
    return changes({name: unpack(record["baseline"])}, {name: unpack(record["measured"])})


def change_words(change: Change) -> str:
    before, after = (figures.figure(change.field, value) for value in (change.before, change.after))
    sizes = f": {figures.buckets(change.sizes)}" if change.sizes else ""
    return f"{change.field} {before} -> {after} ({figures.signed(change.field, change.after - change.before)}{sizes})"


def _against(record: Record, field: str) -> str:
    """The change of the column's figure."""
    if record["baseline"] is None:
        return ""
    change = record["measured"]["figures"][field] - record["baseline"]["figures"].get(field, 0)
    return f"{figures.signed(field, change)} against the baseline" if change else "as the baseline"


def _table(records: List[Record], field: str, title: str, rows: int) -> List[str]:
    ranked = sorted(records, key=lambda each: (-each["measured"]["figures"][field], each["name"]))[:rows]
    lines = [f"most {title}:" if title != "peak" else "highest peak:"]
    for each in ranked:
        value = figures.figure(field, each["measured"]["figures"][field])
        lines.append(f"  {value:>12}  {each['name']}  {_against(each, field)}".rstrip())
    return lines


def tables(records: List[Record], verbosity: int) -> List[str]:
    rows = ROWS.get(verbosity, len(records))
    return [line for field, title in RANKS for line in _table(records, field, title, rows)] if records else []


def _named(names: Iterable[str], verbosity: int) -> str:
    every = list(names)
    few = every if verbosity > 0 else every[: ROWS[0]]
    return ", ".join(few) + (f" and {len(every) - len(few)} more (-v)" if len(few) < len(every) else "")


def _count(number: int, noun: str = "measurement") -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _moved(records: List[Record], rose: bool) -> List[str]:
    """A line for each compared measurement with a figure that went that way."""
    lines = []
    for record in records:
        moved = [each for each in changes_of(record) if (each.after > each.before) == rose]
        told = [each for each in moved if each.field in record["improved"]] if not rose else moved
        lines += [f"  {record['name']}: {change_words(each)}" for each in told]
    return lines


def _missing(results: "Results", expected: "Expected", verbosity: int) -> List[str]:
    if expected.mode == "absent":
        return [f"{_count(len(results.records))} with no baseline to compare with: pytest --heap-baseline=update makes "
                f"{expected.path.name}, to be committed"] if results.records else []  # fmt: skip
    names = [each["name"] for each in results.records if each["is_missing"]]
    what = f"{_count(len(names))} without an entry in {expected.path.name} for {expected.fingerprint}"
    return [f"{what}, made by --heap-baseline=update: {_named(names, verbosity)}"] if names else []


def _unsure(results: "Results", mode: str, verbosity: int) -> List[str]:
    """What other threads disturbed, what could not be measured."""
    lines = []
    for each in results.records:
        if each["state"] == "polluted" or (each["state"] == "unclean" and mode == "update"):
            what = "polluted" if each["state"] == "polluted" else "not written, for it is polluted"
            lines.append(f"{what}: {each['name']}: {each['foreign_count']:,} operations were other threads'; "
                         f"scope=\"thread\" leaves them out, own_threads=True says that they are the test's own")  # fmt: skip
    for why, names in results.unmeasured.items():
        lines.append(f"{_count(len(names), 'test')} not measured, for {why}: {_named(names, verbosity)}")
    return lines


def _gone(results: "Results", expected: "Expected", verbosity: int) -> List[str]:
    """In a run that compares: entries that nothing is compared with any more."""
    gone = results.collected.gone(expected.names()) if expected.mode == "check" and verbosity >= 0 else []
    if not gone:
        return []
    entries = "1 entry" if len(gone) == 1 else f"{len(gone)} entries"
    return [f"{entries} in {expected.path.name} of tests that are gone, dropped by --heap-baseline=update over all tests: "
            f"{_named(gone, verbosity)}"]  # fmt: skip


def update_line(results: "Results", expected: "Expected", gone: List[str]) -> str:
    """What was written to the baseline, what was dropped, and what stayed and why."""
    collected = results.collected
    words = [f"{expected.path.name}: measurements written: {len(results.to_keep)}"]
    if gone and collected.cut:
        words.append(f"of tests that are gone: {len(gone)} (kept, for {collected.cut}; an update over all tests drops them)")
    elif gone:
        words.append(f"dropped, for their tests are gone: {len(gone)}")
    others = len({*expected.names()} - {*results.to_keep} - {*gone})
    if others and collected.hidden:
        words.append(f"other entries kept: {others} (for {collected.hidden}; an update over all tests drops those of tests "
                     "that are gone)")  # fmt: skip
    elif others:
        words.append(f"other entries kept: {others}")
    return ", ".join(words)


def problem_lines(results: "Results", expected: "Expected", verbosity: int) -> List[str]:
    """What must be said even in a quiet run."""
    improved = _moved(results.records, rose=False)
    lines = ["below the baseline, --heap-baseline=update keeps that:", *improved] if improved else []
    grown = _moved(results.records, rose=True) if verbosity >= 0 else []
    lines += ["above the baseline:", *grown] if grown else []
    unsure = _unsure(results, expected.mode, verbosity)
    return [*lines, *_missing(results, expected, verbosity), *unsure, *_gone(results, expected, verbosity)]
