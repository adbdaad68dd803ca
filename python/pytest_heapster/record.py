"""A measurement as it travels: plain data on pytest's reports, which xdist's workers send home."""

from typing import Dict, List, Optional, Tuple, TypedDict

from heapster.baseline import Entry


# Why a test that passed was not measured.
UNREPEATABLE = "they fail when they run a second time"
NO_FUNCTION = "they are no test functions"


class Figures(TypedDict):
    figures: Dict[str, int]
    sizes: Dict[int, int]


class Record(TypedDict):
    """`state` is "kept", "failed", "polluted", or "unclean": no limit was in doubt, but others are in the figures."""

    name: str
    state: str
    measured: Figures
    baseline: Optional[Figures]
    foreign_count: int
    improved: List[str]
    is_missing: bool  # the baseline has no entry for it


class Parcel(TypedDict):
    """What a report brings: the measurements of one test."""

    fingerprint: str
    records: List[Record]
    unmeasured: Optional[Tuple[str, str]]  # a test that passed and should have been measured, and why it was not


def pack(entry: Entry) -> Figures:
    return {"figures": entry.figures, "sizes": entry.sizes}


def unpack(packed: Figures) -> Entry:
    return Entry(packed["figures"], packed["sizes"])


def properties(test: str, record: Record) -> List[Tuple[str, object]]:
    """For JUnit: heap.alloc_count, or heap.NAME.alloc_count of what the fixture measured in the test."""
    name = record["name"][len(test) + 1 :]
    stem = f"heap.{name}." if name else "heap."
    found: Dict[str, int] = {**record["measured"]["figures"], "foreign_count": record["foreign_count"]}
    return [(stem + field, value) for field, value in found.items()]
