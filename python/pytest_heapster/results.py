"""What a run found: each measurement beside its baseline, as plain data that xdist's workers can send home, and the
baseline that an update makes of it all."""

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, TypedDict

import heapster
import pytest
from heapster import baseline_file
from heapster.baseline import FIGURES, Baseline, Entry, entry_of

from pytest_heapster.collected import Collected
from pytest_heapster.explained import Explained
from pytest_heapster.judge import Bound, Verdict, is_barely_kept, is_near, judge, list_unjudged
from pytest_heapster.options import PAYLOAD, STRICT, Settings

# What varies by itself may be above, or below, what was seen by so many times its distance.
SPREAD = 2

# Why a test that passed was not measured.
UNREPEATABLE = "fails when it runs a second time"

# The state of a measurement that keeps its limits and its baseline in the order of the files only.
OTHER_ORDER = "other order"

# The state of one that keeps its baseline with the hash seed of an update's second process.
OTHER_SEED = "other seed"

# The state of one that is above its baseline by no more than what varies by itself may be, as its own runs show.
VARIES = "varies"


# --- one measurement ---


class Figures(TypedDict):
    figures: Dict[str, int]
    sizes: Dict[int, int]
    varies: Mapping[str, Sequence[int]]


class Record(TypedDict):
    """`state` is "kept", "failed", "polluted" (other threads are in the figures, which are not the test's own), "other
    order" (it keeps its limits in the order of the files only), "other seed" (it keeps its baseline with the hash seed of an
    update's second process), "varies" (it is above its baseline, by no more than its own
    runs explain) or "uncompared": the figures are not whole, or a tracer is in them, as `why_uncompared` says."""

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
    """A failure that waits for the second pass: what its report would say."""

    words: str
    sections: List[Tuple[str, str]]
    properties: List[Tuple[str, object]]
    duration: float
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


# --- the baseline of a run ---


class Rise(NamedTuple):
    """A figure above its baseline: the most that it may be, and the part of that which is a tolerance of the project."""

    field: str
    allowed: int
    tolerance: int

    def find_tolerance(self, most: int) -> int:
        """The tolerance with which that figure would not be too high."""
        return self.tolerance + most - self.allowed


class Expected:
    """What the baseline expects of each measurement.

    `mode` is "check", "update", "off", or "absent": nobody asked for a baseline and there is no file. `problem` says
    why the file could not be read or written.
    """

    def __init__(self, settings: Settings, fingerprint: str) -> None:
        self.path = settings.baseline
        self.tolerances = settings.tolerances
        self.fields = settings.fields
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

    def find_entry(self, name: str) -> Optional[Entry]:
        return self.baseline.get(self.fingerprint, {}).get(name)

    def _list_tolerances(self, name: str) -> List[Tuple[str, Entry, int]]:
        """The figures to compare, with the entry and the tolerance of each."""
        entry = self.find_entry(name)
        if entry is None or self.mode != "check":
            return []
        found = [(field, self._find_tolerance(name, field, entry)) for field in entry.figures]
        return [(field, entry, tolerance) for field, tolerance in found if tolerance is not None]

    def list_unkept(self, record: Record) -> List[str]:
        """The figures that would be compared, if the measurement's entry had them."""
        entry = self.find_entry(record["name"])
        if entry is None or self.mode != "check":
            return []
        unkept = [field for field in FIGURES if field not in entry.figures]
        return [field for field in unkept if self.tolerances.find(record["name"], field, 0) is not None]

    def _find_tolerance(self, name: str, field: str, entry: Entry) -> Optional[int]:
        """By how much a figure may be above its entry; None if it is not compared. What varies by itself may be above all
        that was seen by twice the distance of what was seen: the next run draws other numbers."""
        tolerance = self.tolerances.find(name, field, entry.figures[field])
        if tolerance is None or field not in entry.varies:
            return tolerance
        least, most = entry.varies[field]
        return tolerance + most - entry.figures[field] + SPREAD * (most - least)

    def list_rises(self, record: Record) -> List[Rise]:
        """The figures of a measurement that are above its baseline."""
        found, rises = record["measured"]["figures"], []
        for field, entry, tolerance in self._list_tolerances(record["name"]):
            given = self.tolerances.find(record["name"], field, entry.figures[field]) or 0
            rises.append(Rise(field, entry.figures[field] + tolerance, given))
        return [each for each in rises if record["why_uncompared"] is None and found[each.field] > each.allowed]

    def is_explained(self, record: Record, seen: Mapping[str, Tuple[int, int]]) -> bool:
        """Whether the baseline would hold if its entry said that the figures vary as much as was seen in this run."""
        return all(seen[field][0] <= entry.figures[field] + tolerance + SPREAD * (seen[field][1] - seen[field][0])
                   for field, entry, tolerance in self._list_tolerances(record["name"]))  # fmt: skip

    def _is_improved(self, field: str, entry: Entry, tolerance: int, measured: Entry) -> bool:
        least = entry.varies[field][0] if field in entry.varies else entry.figures[field] - tolerance
        return measured.figures[field] < least

    def _describe_deviations(self, record: Record) -> List[str]:
        """What only --heap-strict fails."""
        lines = [f"{field}: it is below the baseline; --heap-baseline=update keeps that" for field in record["improved"]]
        missing = ["it has no baseline entry; --heap-baseline=update makes one"] if record["is_missing"] else []
        return [f"{line} ({STRICT})" for line in lines + missing]

    def judge_measurement(
        self,
        name: str,
        limits: Sequence[Bound],
        whole: heapster.Stats,
        own: Optional[heapster.Stats],
        why_uncompared: Optional[str] = None,
    ) -> Tuple[Record, Verdict]:
        """The record of a measurement, and the verdict by its limits and its baseline. With `why_uncompared` the figures
        are not those of the test."""
        entry, before, compared = entry_of(whole), self.find_entry(name), self._list_tolerances(name)
        bounds = [*limits, *(Bound.from_baseline(*each) for each in compared)]
        verdict = judge([] if why_uncompared else bounds, whole, own)
        # No limit judges these figures, or the baseline is to keep them, so they must be the test's own.
        must_be_own = not bounds or self.mode == "update"
        is_polluted = bool(verdict.polluted) or (must_be_own and own is not None)
        record: Record = {
            "name": name,
            "state": self._find_state(verdict, is_polluted, why_uncompared),
            "is_in_doubt": bool(verdict.polluted),
            "measured": pack(entry),
            "unjudged": [] if why_uncompared else list_unjudged(bounds, whole),
            "is_barely_kept": not why_uncompared and is_barely_kept(bounds, whole),
            "baseline": pack(before) if before else None,
            "foreign_count": whole.foreign_count or 0,
            "why_uncompared": why_uncompared,
            "improved": [field for field, old, most in compared
                         if not why_uncompared and self._is_improved(field, old, most, entry)],
            "is_missing": self.mode == "check" and before is None,
            "line": 0,
            "explained": None,
        }
        if self.is_strict and not why_uncompared:
            verdict.failed.extend(self._describe_deviations(record))
        return record, verdict

    @staticmethod
    def _find_state(verdict: Verdict, is_polluted: bool, why_uncompared: Optional[str]) -> str:
        if why_uncompared:
            return "uncompared"
        return "failed" if verdict.failed else "polluted" if is_polluted else "kept"

    def _is_equal(self, name: str, old: Entry, new: Entry) -> bool:
        """Whether all that is compared is in both, and equal within its tolerance: then the line of the file stays."""
        for field, value in new.figures.items():
            tolerance = self.tolerances.find(name, field, value)
            if tolerance is None:
                continue
            if field not in old.figures or (field in new.varies and field not in old.varies):
                return False
            least, most = old.varies.get(field, (old.figures[field], old.figures[field]))
            tolerance += SPREAD * (most - least)
            seen = new.varies.get(field, (value, value))
            if seen[0] < least - tolerance or seen[1] > most + tolerance:
                return False
        return True

    def keeps_line(self, name: str, found: Entry) -> bool:
        """Whether an update that found this leaves the line of the file as it is."""
        old = self.find_entry(name)
        return old is not None and {*self.fields} <= {*old.figures} and self._is_equal(name, old, found)

    def may_hang_on_seed(self, name: str, found: Entry, second: Optional[Entry]) -> bool:
        """Whether a figure may be a little beside its line because the hash seed is another one: in the second process it is
        not. What varies from run to run of one process hangs on something else."""
        old = self.find_entry(name)
        if old is None or second is None:
            return False
        compared = {field: value for field, value in old.figures.items()
                    if self.tolerances.find(name, field, value) is not None}  # fmt: skip
        if any(field in found.varies or field in second.varies for field in compared):
            return False
        near = all(is_near(max(value, found.figures[field]), min(value, found.figures[field])) for field, value in compared.items())
        return near and self.keeps_line(name, second) and not self.keeps_line(name, merge(found, second))

    def make_entry(self, name: str, measured: Entry) -> Entry:
        """What the file keeps of a measurement: the figures that are compared, and those that the project asks for."""
        kept = {field: value for field, value in measured.figures.items()
                if field in self.fields or self.tolerances.find(name, field, value) is not None}  # fmt: skip
        varies = {field: pair for field, pair in measured.varies.items() if field in kept}
        entry = Entry(kept, measured.sizes, varies)
        old = self.find_entry(name)
        return old if old is not None and self.keeps_line(name, entry) else entry

    def list_varying(self) -> List[str]:
        """The entries of measurements that vary by themselves."""
        return [name for name, entry in self.baseline.get(self.fingerprint, {}).items() if entry.varies]

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


class Results:
    """All that a run measured, in the process that prints."""

    def __init__(self, settings: Settings, collected: Collected, fingerprint: str) -> None:
        self.settings = settings
        self.collected = collected
        self.expected = Expected(settings, fingerprint)
        self.records: List[Record] = []
        self.unmeasured: Dict[str, List[str]] = {}  # the tests, by the reason why they were not measured
        self.to_keep: Dict[str, Entry] = {}  # what an update writes
        self.unsteady: List[str] = []  # measurements that still fell when their tests had run as often as they may
        self.varying: List[str] = []  # entries that an update writes, of measurements that vary by themselves
        self.why_unknown: Optional[str] = None  # why it is not known which do
        self.is_written = False
        self.problems: List[str] = []

    def add(self, payload: Payload, is_passed: bool) -> None:
        self.records += payload["records"]
        if payload["unmeasured"] and is_passed:
            name, why = payload["unmeasured"]
            self.unmeasured.setdefault(why, []).append(name)
        for record in payload["records"]:
            if is_passed and record["state"] in ("kept", VARIES):  # an update compares nothing, so nothing varies there
                self.to_keep[record["name"]] = unpack(record["measured"])
            if not payload["is_steady"]:
                self.unsteady.append(record["name"])

    def list_gone(self) -> List[str]:
        """The entries of tests that are gone."""
        return self.collected.list_gone(self.expected.list_names())

    def _mark_varying(self, config: pytest.Config) -> None:
        """Note what differs in a second process. Where that has what the file has, and this one is a little beside it, a third
        has the order of the files and the hash seed of the second: if it has what the file has, too, the seed is the reason."""
        from pytest_heapster import second_process

        expected = self.expected
        second, self.why_unknown = second_process.update_again(config, self.settings)
        doubtful = {name for name, entry in self.to_keep.items()
                    if expected.may_hang_on_seed(name, entry, second.get(name))}  # fmt: skip
        third: Dict[str, Entry] = {}
        if doubtful and self.settings.has_free_seed:
            third, _ = second_process.update_again(config, self.settings, is_reverse=False)
        for name, entry in self.to_keep.items():
            other = third.get(name)
            line = expected.find_entry(name) if name in doubtful else None
            is_seed = line is not None and other is not None and expected.keeps_line(name, other)
            self.to_keep[name] = line if is_seed and line is not None else merge(entry, second.get(name), other)

    def write_baseline(self, config: pytest.Config, is_stopped: bool) -> None:
        """Update the file if this run is an update; `problems` says what went wrong in the run."""
        if self.settings.second_report is not None:
            if is_stopped:
                return  # without figures the first process says that they are not known
            from pytest_heapster import second_process

            second_process.write(self.settings.second_report, self.to_keep)
        elif self.expected.mode == "update" and self.records:
            if self.settings.hash_seeds > 1 and not is_stopped:
                self._mark_varying(config)
            entries = {name: self.expected.make_entry(name, entry) for name, entry in self.to_keep.items()}
            self.varying = [name for name, entry in entries.items() if entry.varies]
            self.expected.update(entries, [] if self.collected.cut else self.list_gone())
            self.is_written = self.expected.problem is None
        if self.expected.problem:
            self.problems.append(self.expected.problem)
        if self.unmeasured and self.settings.strict:
            number = sum(map(len, self.unmeasured.values()))
            self.problems.append(f"tests were not measured: {number}; run them apart, without these options ({STRICT})")
        uncompared = sum(each["state"] == "uncompared" for each in self.records)
        if uncompared and self.settings.strict:
            self.problems.append(f"measurements were not compared: {uncompared} ({STRICT})")
        lacking = sum(bool(self.expected.list_unkept(each)) for each in self.records)
        if lacking and self.settings.strict:
            self.problems.append(f"baseline entries lack figures that are compared: {lacking} ({STRICT})")
