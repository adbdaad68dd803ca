"""All that a run measured, in the process that prints: the baseline is written from it, and every report."""

from typing import TYPE_CHECKING, Dict, List, Optional

from heapster.baseline import Entry

from pytest_heapster import machine, summary
from pytest_heapster.collected import Collected
from pytest_heapster.expected import Expected
from pytest_heapster.options import Settings
from pytest_heapster.record import Parcel, Record, unpack

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter


class Results:
    def __init__(self, settings: Settings, collected: Collected) -> None:
        self.settings = settings
        self.collected = collected
        self.expected: Optional[Expected] = None
        self.records: List[Record] = []
        self.unmeasured: Dict[str, List[str]] = {}  # tests by why they were not
        self.to_keep: Dict[str, Entry] = {}  # what an update writes
        self.problems: List[str] = []
        self.notes: List[str] = []

    def add(self, parcel: Parcel, is_passed: bool) -> None:
        if self.expected is None:
            settings = self.settings
            self.expected = Expected(settings.baseline, settings.mode, parcel["fingerprint"], settings.tolerances)
        self.records += parcel["records"]
        if parcel["unmeasured"] and is_passed:
            name, why = parcel["unmeasured"]
            self.unmeasured.setdefault(why, []).append(name)
        for record in parcel["records"]:
            if is_passed and record["state"] == "kept":
                self.to_keep[record["name"]] = unpack(record["measured"])

    def finish(self) -> None:
        """Write what is to be written; `problems` says what could not be."""
        assert self.expected is not None
        if self.expected.mode == "update" and self.records:
            self._update(self.expected)
        if self.expected.problem:
            self.problems.append(self.expected.problem)
        if self.unmeasured and self.settings.strict:
            number = sum(map(len, self.unmeasured.values()))
            self.problems.append(f"tests were not measured: {number}; run them apart, without these options (--heap-strict)")
        for form, path in self.settings.reports if self.records else ():
            try:
                path.write_text(machine.FORMATS[form](self.expected.fingerprint, self.records), encoding="utf-8")
            except OSError as error:
                self.problems.append(f"{path}: cannot be written: {error.strerror}")

    def _update(self, expected: Expected) -> None:
        gone = self.collected.gone(expected.names())
        drops = [] if self.collected.cut else gone
        expected.update(self.to_keep, drops)
        if expected.problem is None:
            self.notes.append(summary.update_line(self, expected, gone))

    def show(self, terminal: "TerminalReporter", verbosity: int) -> None:
        assert self.expected is not None
        lines = summary.problem_lines(self, self.expected, verbosity)
        if verbosity >= 0:
            lines = [*summary.tables(self.records, verbosity), *lines]
            terminal.section(f"heapster: {self.expected.fingerprint}")
        for line in [*lines, *self.notes]:
            terminal.line(line)
        for problem in self.problems:
            terminal.line(f"heapster: {problem}", red=True)
