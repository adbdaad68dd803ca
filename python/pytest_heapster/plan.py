"""How one test is measured, and which of its runs is at hand: what the plugin keeps on an item."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

import pytest

if TYPE_CHECKING:
    from pytest_heapster.probe import Probe
    from pytest_heapster.record import Record
    from pytest_heapster.terms import Terms


# What a report carries the figures home as.
PARCEL = "heapster"


def _rank(record: "Record") -> Tuple[bool, int, int]:
    figures = record["measured"]["figures"]
    return record["state"] != "kept", figures["alloc_count"], figures["realloc_growth_count"]


class Plan:
    """How a test is measured: where `terms` is None, only by the fixture. And its run at hand."""

    def __init__(self, terms: "Optional[Terms]", marks: Sequence[pytest.Mark] = ()) -> None:
        self.terms = terms
        self.marks = marks
        self.rehearses = False
        self.may_repeat = False
        self.probe: "Optional[Probe]" = None
        self.best: "Dict[str, Record]" = {}  # of all runs, by the names of the measurements

    def begin(self, rehearses: bool, may_repeat: bool) -> None:
        self.rehearses, self.may_repeat, self.probe = rehearses, may_repeat, None

    def new_probe(self, item: pytest.Item) -> None:
        from pytest_heapster.probe import Probe

        self.probe = Probe(name_of(item), self.may_repeat, item.user_properties)

    def records(self) -> "List[Record]":
        return self.probe.records if self.probe else []

    def keep_best(self) -> None:
        """The run with the fewest requests, of those that others did not disturb."""
        for each in self.records():
            known = self.best.get(each["name"])
            if known is None or _rank(each) < _rank(known):
                self.best[each["name"]] = each

    def end(self) -> None:
        """Gives up what only a run needs."""
        self.probe = None
        self.best = {}


PLAN = pytest.StashKey[Optional[Plan]]()


def name_of(item: pytest.Item) -> str:
    """The node id, without the group that xdist's loadgroup adds."""
    group = item.get_closest_marker("xdist_group")
    words = [*group.args, group.kwargs.get("name")] if group else []
    return item.nodeid[: -len(words[0]) - 1] if words and item.nodeid.endswith(f"@{words[0]}") else item.nodeid
