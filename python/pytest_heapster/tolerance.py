"""By how much a figure may differ from the baseline: lines "[TEST] FIELD AMOUNT" of the ini file."""

import re
from typing import List, NamedTuple, Optional, Sequence

# These are heapster.baseline's; importing it would start the counting.
FIGURES = ("alloc_count", "alloc_sum", "realloc_growth_count", "use_peak")
COUNTS = ("alloc_count", "realloc_growth_count")

LINE = re.compile(rf"(?:(?P<test>.*\S)\s+)?(?P<field>{'|'.join(FIGURES)})\s+(?P<amount>\d+)\s*(?P<percent>%?)")


class Tolerance(NamedTuple):
    test: str  # a node id or the beginning of some; empty for every test
    field: str
    amount: int
    is_percent: bool

    def covers(self, name: str, field: str) -> bool:
        """Whether it is for that figure: the test itself, what is below it, its parameters, what it measured."""
        rest = name[len(self.test) :]
        is_below = not self.test or not rest or rest[0] in "[#/:" or self.test[-1] == "/"
        return field == self.field and name.startswith(self.test) and is_below

    def of(self, value: int) -> int:
        return value * self.amount // 100 if self.is_percent else self.amount


class Tolerances:
    """Those of a project; ValueError for a line that says nothing."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.given = [self._parse(line.strip()) for line in lines if line.strip()]

    @staticmethod
    def _parse(line: str) -> Tolerance:
        match = LINE.fullmatch(line)
        if not match:
            raise ValueError(f"{line!r} is not [TEST] FIELD AMOUNT, such as \"alloc_count 2\", \"alloc_sum 10%\" or "
                             f"\"tests/test_page.py alloc_count 5\"; fields: {', '.join(FIGURES)}")  # fmt: skip
        return Tolerance(match["test"] or "", match["field"], int(match["amount"]), bool(match["percent"]))

    def of(self, name: str, field: str, value: int) -> Optional[int]:
        """The tolerance of a figure whose baseline is `value`; None where it is not compared at all.

        The longest TEST that covers it wins, and of equal ones the last line. Counts may not differ unless a line says
        so; bytes are compared only where a line says so.
        """
        covering: List[Tolerance] = [each for each in self.given if each.covers(name, field)]
        if covering:
            return max(reversed(covering), key=lambda each: len(each.test)).of(value)
        return 0 if field in COUNTS else None
