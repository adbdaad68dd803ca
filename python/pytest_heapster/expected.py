"""The baseline of a run: what it expects of a measurement, and how it is written anew."""

import pathlib
from typing import Dict, Iterable, List, Optional

from heapster import baseline_file
from heapster.baseline import FIGURES, Baseline, Entry

from pytest_heapster.options import Tolerances
from pytest_heapster.judge import Bound


class Expected:
    """`mode` is "check", "update", "off", or "absent": nobody asked for one and there is no file."""

    def __init__(self, path: pathlib.Path, mode: Optional[str], fingerprint: str, tolerances: Tolerances) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.tolerances = tolerances
        self.problem: Optional[str] = None
        self.baseline: Baseline = {}
        self.mode = self._read(mode)

    def _read(self, mode: Optional[str]) -> str:
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

    def entry(self, name: str) -> Optional[Entry]:
        return self.baseline.get(self.fingerprint, {}).get(name)

    def _tolerance(self, name: str, field: str, entry: Entry) -> Optional[int]:
        return self.tolerances.of(name, field, entry.figures[field]) if field in entry.figures else None

    def bounds(self, name: str) -> List[Bound]:
        """What the baseline allows the measurement at most."""
        entry = self.entry(name) if self.mode == "check" else None
        if entry is None:
            return []
        found = [(field, self._tolerance(name, field, entry)) for field in FIGURES]
        return [Bound.of_baseline(field, entry, tolerance) for field, tolerance in found if tolerance is not None]

    def improved(self, name: str, measured: Entry) -> List[str]:
        """The figures that are below the baseline by more than their tolerance."""
        entry = self.entry(name) if self.mode == "check" else None
        if entry is None:
            return []
        found = [(field, self._tolerance(name, field, entry)) for field in FIGURES]
        return [field for field, tolerance in found
                if tolerance is not None and measured.figures[field] < entry.figures[field] - tolerance]  # fmt: skip

    def misses(self, name: str) -> bool:
        """Whether the measurement has no entry although there should be one."""
        return self.mode == "check" and self.entry(name) is None

    def names(self) -> List[str]:
        """The measurements that have an entry under this fingerprint."""
        return [*self.baseline.get(self.fingerprint, {})]

    def update(self, entries: Dict[str, Entry], gone: Iterable[str]) -> None:
        """Write the file with these entries in the place of the old ones, and without those that are gone; others stay.
        `problem` says why not."""
        entries = {**self.baseline.get(self.fingerprint, {}), **entries}
        for name in gone:
            del entries[name]
        try:
            baseline_file.write(self.path, {**self.baseline, self.fingerprint: entries})
        except baseline_file.Unreadable as error:
            self.problem = str(error)
