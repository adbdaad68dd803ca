"""All that a run measured, and the baseline that an update makes of it."""

from typing import Dict, List, Optional

import pytest
from heapster.baseline import Entry

from pytest_heapster.collected import Collected
from pytest_heapster.expected import Expected
from pytest_heapster.options import STRICT, Settings
from pytest_heapster.records import VARIES, XFAILED, Payload, Record, merge, unpack


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

    def add(self, payload: Payload, is_passed: bool, is_xfailed: bool) -> None:
        self.records += payload["records"]
        if payload["unmeasured"] and is_passed:
            name, why = payload["unmeasured"]
            self.unmeasured.setdefault(why, []).append(name)
        for record in payload["records"]:
            if is_passed and record["state"] in ("kept", VARIES):  # an update compares nothing, so nothing varies there
                self.to_keep[record["name"]] = unpack(record["measured"])
            if is_xfailed and record["state"] == "failed":
                record["state"] = XFAILED
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
        if self.settings.strict:
            self._add_strict_problems()

    def _add_strict_problems(self) -> None:
        """What only --heap-strict fails a run for."""
        unmeasured = sum(map(len, self.unmeasured.values()))
        if unmeasured:
            self.problems.append(f"tests were not measured: {unmeasured}; run them apart, without these options ({STRICT})")
        uncompared = sum(each["state"] == "uncompared" for each in self.records)
        if uncompared:
            self.problems.append(f"measurements were not compared: {uncompared} ({STRICT})")
        lacking = sum(bool(self.expected.list_lacking(each)) for each in self.records)
        if lacking:
            self.problems.append(f"baseline entries lack figures that are compared: {lacking} ({STRICT})")
