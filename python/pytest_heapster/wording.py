"""Words that the terminal and the reports share."""

from typing import Iterable, List

from heapster import figures
from heapster.baseline import Change, changes

from pytest_heapster.explained import list_words
from pytest_heapster.records import Record, unpack


def list_changes(record: Record) -> List[Change]:
    """How the measurement differs from its baseline."""
    if record["baseline"] is None:
        return []
    name = record["name"]
    return changes({name: unpack(record["baseline"])}, {name: unpack(record["measured"])})


def describe_change(change: Change) -> str:
    before, after = (figures.figure(change.field, value) for value in (change.before, change.after))
    sizes = f": {figures.buckets(change.sizes)}" if change.sizes else ""
    return f"{change.field} {before} -> {after} ({figures.signed(change.field, change.after - change.before)}{sizes})"


def list_explained(records: Iterable[Record]) -> List[str]:
    """Which lines made the requests, as markdown: a heading and a block of code for each measurement."""
    lines = []
    for each in sorted(records, key=lambda each: each["name"]):
        if each["explained"] is not None:
            lines += ["", f"#### {code(each['name'])}", ""]
            lines += [f"    {' '.join(words.split())}" for words in list_words(each["explained"])]
    return lines


def count(number: int, noun: str = "measurement") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def code(text: str) -> str:
    """A name as code in markdown, in a cell too. A backtick would end the code."""
    return f"`{cell(text.replace('`', chr(0x2BB)))}`"


def cell(text: str) -> str:
    """The text as a cell of a table in markdown."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")
