"""What a run found: each measurement beside its baseline, as plain data that xdist's workers can send home, and the
baseline that an update makes of it all."""

import pathlib
from typing import Dict, Iterable, List, Optional, Sequence, Tuple, TypedDict

import heapster
import pytest
from heapster import baseline_file
from heapster.baseline import Baseline, Entry, entry_of

from pytest_heapster.collected import Collected
from pytest_heapster.judge import Bound, Verdict, judge, list_unjudged
from pytest_heapster.options import PAYLOAD, STRICT, Settings

# Why a test that passed was not measured.
UNREPEATABLE = "fails when it runs a second time"
NO_FUNCTION = "not a test function"


# --- one measurement ---


class Figures(TypedDict):
    figures: Dict[str, int]
    sizes: Dict[int, int]


class Record(TypedDict):
    """`state` is "kept", "failed", or "polluted": other threads are in the figures, which are not the test's own."""

    name: str
    state: str
    is_in_doubt: bool  # other threads decide whether a limit is kept
    measured: Figures
    unjudged: List[str]  # limits of which use_peak_error leaves open whether they are kept
    baseline: Optional[Figures]
    foreign_count: int
    improved: List[str]
    is_missing: bool  # the baseline has no entry for it


class Payload(TypedDict):
    """What a report carries home: the measurements of one test."""

    fingerprint: str
    records: List[Record]
    unmeasured: Optional[Tuple[str, str]]  # a test that passed and should have been measured, and why it was not


def pack(entry: Entry) -> Figures:
    return {"figures": entry.figures, "sizes": entry.sizes}


def list_properties(test: str, record: Record) -> List[Tuple[str, object]]:
    """For JUnit: heap.alloc_count of a test, heap.NAME.alloc_count of what its fixture measured."""
    name = record["name"][len(test) + 1 :]
    stem = f"heap.{name}." if name else "heap."
    found: Dict[str, int] = {**record["measured"]["figures"], "foreign_count": record["foreign_count"]}
    return [(stem + field, value) for field, value in found.items()]


# --- the baseline of a run ---


class Expected:
    """What the baseline expects of each measurement.

    `mode` is "check", "update", "off", or "absent": nobody asked for a baseline and there is no file. `problem` says
    why the file could not be read or written.
    """

    def __init__(self, settings: Settings, fingerprint: str) -> None:
        self.path = settings.baseline
        self.tolerances = settings.tolerances
        self.is_strict = settings.strict
        self.fingerprint = fingerprint
        self.problem: Optional[str] = None
        self.baseline: Baseline = {}
        self.mode = self._read(settings.mode)

    def _read(self, mode: Optional[str]) -> str:
        """Read the file and return the mode that results."""
        if mode == "off":
            return mode
        try:
            self.baseline = baseline_file.read(self.path)
        except FileNotFoundError:
            return mode or "absent"
        except baseline_file.Unreadable as error:
            self.problem = f"{error}; the run goes on without it"
            return "off"
        return mode or "check"

    def list_names(self) -> List[str]:
        """The measurements that have an entry under this fingerprint."""
        return [*self.baseline.get(self.fingerprint, {})]

    def _find_entry(self, name: str) -> Optional[Entry]:
        return self.baseline.get(self.fingerprint, {}).get(name)

    def _list_tolerances(self, name: str) -> List[Tuple[str, Entry, int]]:
        """The figures to compare, with the entry and the tolerance of each."""
        entry = self._find_entry(name)
        if entry is None or self.mode != "check":
            return []
        found = [(field, self.tolerances.find(name, field, value)) for field, value in entry.figures.items()]
        return [(field, entry, tolerance) for field, tolerance in found if tolerance is not None]

    def _describe_deviations(self, record: Record) -> List[str]:
        """What only --heap-strict fails."""
        lines = [f"{field}: it is below the baseline; --heap-baseline=update keeps that" for field in record["improved"]]
        missing = ["it has no baseline entry; --heap-baseline=update makes one"] if record["is_missing"] else []
        return [f"{line} ({STRICT})" for line in lines + missing]

    def judge_measurement(
        self, name: str, limits: Sequence[Bound], whole: heapster.Stats, own: Optional[heapster.Stats]
    ) -> Tuple[Record, Verdict]:
        """The record of a measurement, and the verdict by its limits and its baseline."""
        entry, before, compared = entry_of(whole), self._find_entry(name), self._list_tolerances(name)
        bounds = [*limits, *(Bound.from_baseline(*each) for each in compared)]
        verdict = judge(bounds, whole, own)
        # No limit judges these figures, or the baseline is to keep them, so they must be the test's own.
        must_be_own = not bounds or self.mode == "update"
        is_polluted = bool(verdict.polluted) or (must_be_own and own is not None)
        record: Record = {
            "name": name,
            "state": "failed" if verdict.failed else "polluted" if is_polluted else "kept",
            "is_in_doubt": bool(verdict.polluted),
            "measured": pack(entry),
            "unjudged": list_unjudged(bounds, whole),
            "baseline": pack(before) if before else None,
            "foreign_count": whole.foreign_count or 0,
            "improved": [field for field, old, most in compared if entry.figures[field] < old.figures[field] - most],
            "is_missing": self.mode == "check" and before is None,
        }
        if self.is_strict:
            verdict.failed.extend(self._describe_deviations(record))
        return record, verdict

    def update(self, entries: Dict[str, Entry], gone: Iterable[str]) -> None:
        """Write the file with these entries, without those that are gone, and with all others as they are."""
        entries = {**self.baseline.get(self.fingerprint, {}), **entries}
        for name in gone:
            del entries[name]
        try:
            baseline_file.write(self.path, {**self.baseline, self.fingerprint: entries})
        except baseline_file.Unreadable as error:
            self.problem = str(error)


# --- all measurements of a run ---


def attach_payload(
    report: pytest.TestReport, fingerprint: str, records: List[Record], unmeasured: Optional[Tuple[str, str]] = None
) -> None:
    """Give a report the figures of its test, or the reason why there are none."""
    payload: Payload = {"fingerprint": fingerprint, "records": records, "unmeasured": unmeasured}
    setattr(report, PAYLOAD, payload)


class Results:
    """All that a run measured, in the process that prints."""

    def __init__(self, settings: Settings, collected: Collected, fingerprint: str) -> None:
        self.settings = settings
        self.collected = collected
        self.expected = Expected(settings, fingerprint)
        self.records: List[Record] = []
        self.unmeasured: Dict[str, List[str]] = {}  # the tests, by the reason why they were not measured
        self.to_keep: Dict[str, Entry] = {}  # what an update writes
        self.is_written = False
        self.problems: List[str] = []

    def add(self, payload: Payload, is_passed: bool) -> None:
        self.records += payload["records"]
        if payload["unmeasured"] and is_passed:
            name, why = payload["unmeasured"]
            self.unmeasured.setdefault(why, []).append(name)
        for record in payload["records"]:
            if is_passed and record["state"] == "kept":
                self.to_keep[record["name"]] = Entry(**record["measured"])

    def list_gone(self) -> List[str]:
        """The entries of tests that are gone."""
        return self.collected.list_gone(self.expected.list_names())

    def write_baseline(self) -> None:
        """Update the file if this run is an update; `problems` says what went wrong in the run."""
        if self.expected.mode == "update" and self.records:
            self.expected.update(self.to_keep, [] if self.collected.cut else self.list_gone())
            self.is_written = self.expected.problem is None
        if self.expected.problem:
            self.problems.append(self.expected.problem)
        if self.unmeasured and self.settings.strict:
            number = sum(map(len, self.unmeasured.values()))
            self.problems.append(f"tests were not measured: {number}; run them apart, without these options ({STRICT})")
