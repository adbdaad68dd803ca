"""A measurement as plain data: what its report carries home, also from a worker of xdist."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, TypedDict

import pytest
from heapster.baseline import Entry

from pytest_heapster.explained import Explained
from pytest_heapster.options import PAYLOAD

# Why a test that passed was not measured.
UNREPEATABLE = "fails when it runs a second time"

# The state of a measurement that keeps its limits and its baseline in the order of the files only.
OTHER_ORDER = "other order"

# The state of one that keeps its baseline with the hash seed of an update's second process.
OTHER_SEED = "other seed"

# The state of one that failed in a test of which a marker says that it fails.
XFAILED = "xfailed"

# The state of one that is above its baseline by no more than what varies by itself may be, as its own runs show.
VARIES = "varies"


class Figures(TypedDict):
    figures: Dict[str, int]
    sizes: Dict[int, int]
    varies: Mapping[str, Sequence[int]]


class Record(TypedDict):
    """`state` is "kept", "failed", "polluted" (other threads are in the figures, which are not the test's own), "other
    order" (it keeps its limits in the order of the files only), "other seed" (it keeps its baseline with the hash seed of an
    update's second process), "varies" (it is above its baseline, by no more than its own runs explain), "xfailed" (it
    failed, as a marker of its test says) or "uncompared": the figures are not whole, or a tracer is in them, as
    `why_uncompared` says."""

    name: str
    state: str
    is_in_doubt: bool  # other threads decide whether a limit is kept
    measured: Figures
    unjudged: List[str]  # limits of which use_peak_error leaves open whether they are kept
    is_barely_kept: bool  # a limit is kept by less than that error
    baseline: Optional[Figures]
    foreign_count: int
    why_uncompared: Optional[str]
    improved: List[str]
    is_missing: bool  # the baseline has no entry for it
    line: int  # of its test, from 1; 0 if unknown
    explained: Optional[Explained]  # which lines made its requests


class Waiting(TypedDict):
    """A failure that waits for the second pass."""

    reports: List[Any]  # of its subtests and of the failed call; a worker's as pytest_report_to_serializable makes them
    had_last_pass: bool
    is_other_order: bool  # the tests have another order than the files


class Payload(TypedDict):
    """What a report carries home: the measurements of one test."""

    fingerprint: str
    records: List[Record]
    unmeasured: Optional[Tuple[str, str]]  # a test that passed and should have been measured, and why it was not
    waiting: Optional[Waiting]
    is_steady: bool  # False: it still fell when it had run as often as it may


def pack(entry: Entry) -> Figures:
    return {"figures": entry.figures, "sizes": entry.sizes, "varies": entry.varies}


def unpack(found: Figures) -> Entry:
    return Entry(found["figures"], found["sizes"], {field: (low, high) for field, (low, high) in found["varies"].items()})


def merge(entry: Entry, *others: Optional[Entry]) -> Entry:
    """The entry with all that was seen of its figures."""
    varies = {}
    for field, value in entry.figures.items():
        seen = [each.varies.get(field, (each.figures[field],) * 2) for each in (entry, *others)
                if each is not None and field in each.figures]  # fmt: skip
        pair = (min(least for least, _ in seen), max(most for _, most in seen))
        if pair[0] != pair[1]:
            varies[field] = pair
    return entry._replace(varies=varies)


def list_properties(test: str, record: Record) -> List[Tuple[str, object]]:
    """For JUnit: heap.alloc_count of a test, heap.NAME.alloc_count of what its fixture measured."""
    name = record["name"][len(test) + 1 :]
    stem = f"heap.{name}." if name else "heap."
    found: Dict[str, int] = {**record["measured"]["figures"], "foreign_count": record["foreign_count"]}
    return [(stem + field, value) for field, value in found.items()]


def make_payload(fingerprint: str, records: List[Record], **others: Any) -> Payload:
    payload: Payload = {
        "fingerprint": fingerprint,
        "records": records,
        "unmeasured": None,
        "waiting": None,
        "is_steady": True,
    }
    payload.update(others)  # type: ignore[typeddict-item]
    return payload


def attach_payload(report: pytest.TestReport, fingerprint: str, records: List[Record], **others: Any) -> None:
    """Give a report the figures of its test, or the reason why there are none."""
    setattr(report, PAYLOAD, make_payload(fingerprint, records, **others))
