"""The baseline, and what it expects of each measurement."""

from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import heapster
from heapster import baseline_file
from heapster.baseline import FIGURES, Baseline, Entry, entry_of

from pytest_heapster.judge import Bound, Verdict, is_barely_kept, is_near, judge, list_unjudged
from pytest_heapster.options import STRICT, Settings
from pytest_heapster.records import Record, merge, pack

# What varies by itself may be above, or below, what was seen by so many times its distance.
SPREAD = 2


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

    def list_lacking(self, record: Record) -> List[str]:
        """The figures that would be compared, if the measurement's entry had them."""
        entry = self.find_entry(record["name"])
        if entry is None or self.mode != "check":
            return []
        lacking = [field for field in FIGURES if field not in entry.figures]
        return [field for field in lacking if self.tolerances.find(record["name"], field, 0) is not None]

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
