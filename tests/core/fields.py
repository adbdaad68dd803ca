"""The rows of core/src/value/field.h: every figure, and what its row says of it."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"\bX\((\w+), \w+, (\w+)(?:\(\w+\))?, (\w+), (\w+),|\bA\((\w+), (\w+)\)")
ABSENT_IN_SNAPSHOTS = ("CHANGE", "OF_WINDOW", "ERROR_OF")


class Field(NamedTuple):
    name: str
    difference: str
    group: str
    shown: str

    @property
    def is_optional(self):
        """Whether it may have no meaning: in a snapshot, or where it is an average of nothing."""
        return self.difference in (*ABSENT_IN_SNAPSHOTS, "AVERAGE")


def read_fields():
    """In the order of the table."""
    text = (ROOT / "core/src/value/field.h").read_text("utf-8")
    lists = text.partition("#define HEAPSTER__FIELDS")[2].partition("enum heapster__difference")[0]
    return [Field(*row.groups()[:4]) if row[1] else Field(f"{row[5]}_avg", "AVERAGE", row[6], "ALWAYS")
            for row in ROW.finditer(lists)]  # fmt: skip


FIELDS = read_fields()


def shown_if_verbose():
    """The figures that only --verbose adds to the text, in its order: group by group."""
    groups = list(dict.fromkeys(field.group for field in FIELDS))
    rows = [field for field in FIELDS if field.shown == "VERBOSE" and not field.is_optional]
    return [field.name for field in sorted(rows, key=lambda field: groups.index(field.group))]
