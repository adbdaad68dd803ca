"""What one run of a test measures, each under a name of its own."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import heapster

from pytest_heapster.record import Record
from pytest_heapster.terms import Terms


class Measured(NamedTuple):
    terms: Terms
    window: heapster.Measuring

    @property
    def whole(self) -> heapster.Stats:
        return self.window.diff

    @property
    def own(self) -> Optional[heapster.Stats]:
        """The test's own thread's part, or None where no other took part in it."""
        whole = self.window.diff
        return whole.thread if self.terms.sees_others() and whole.foreign_count else None


class Probe:
    """`may_repeat` says whether the test can be run once more, should others disturb it; `properties` are what JUnit
    shows of it."""

    def __init__(self, test: str, may_repeat: bool, properties: List[Tuple[str, object]]) -> None:
        self.test = test
        self.may_repeat = may_repeat
        self.properties = properties
        self.measured: Dict[str, Measured] = {}  # "" is the test itself
        self.records: List[Record] = []
        self.is_broken = False  # a figure is outside its limits
        self.foreign_count = 0  # of the measurements that nobody can judge; 0: they all could be judged

    def window(self, terms: Terms, name: str = "", gc: Any = "leave") -> heapster.Measuring:
        """A new window for the measurement of that name."""
        if name in self.measured:
            raise ValueError(f"heap: {name!r} was measured in this test already: give this one another name")
        window = terms.window(gc)
        self.measured[name] = Measured(terms, window)
        return window

    def unfinished(self) -> Optional[str]:
        """The name of a measurement that was begun, or never begun, and has not ended."""
        for name, measured in self.measured.items():
            try:
                measured.window.diff
            except RuntimeError:
                return name
        return None

    def full_name(self, name: str) -> str:
        return f"{self.test}#{name}" if name else self.test
