"""A test's whole protocol, run more than once: setup, call and teardown each time, with fresh function fixtures."""

import copy
import warnings
from typing import List, Optional

import pytest
from _pytest.runner import runtestprotocol

Reports = List[pytest.TestReport]


def passed(reports: Reports) -> bool:
    return all(report.passed for report in reports)


class Runs:
    """The runs of one test. What an earlier run left on the item is taken away before the next."""

    def __init__(self, item: pytest.Function, nextitem: Optional[pytest.Item]) -> None:
        self.item = item
        self.nextitem = nextitem
        self.properties = list(item.user_properties)
        self.function = item.obj
        self.rehearsed: Reports = []  # the reports of the first run, where it was not the last
        self.reports: Reports = []  # those of the last one

    def _refresh(self) -> None:
        """The test's own function, which plugins for coroutines replace; and a new instance of its class, which pytest
        makes once an item."""
        is_method = isinstance(self.item.parent, pytest.Class)
        vars(self.item)["_obj"] = None if is_method else self.function
        if is_method:
            vars(self.item).pop("_instance", None)

    def clear(self) -> None:
        """Leaves the item as it was found, for its next run."""
        self._refresh()
        self.item.user_properties[:] = self.properties
        self.item._report_sections.clear()

    def _run(self, nextitem: Optional[pytest.Item]) -> Reports:
        self.clear()
        return runtestprotocol(self.item, log=False, nextitem=nextitem)

    def rehearse(self) -> bool:
        """A run before the one that counts, as if an item like this one came next, so that what the items share is
        kept. False: it did not pass, and is the last. Its warnings are those of the run that counts."""
        with warnings.catch_warnings(record=True) as caught:
            self.reports = self._run(copy.copy(self.item))
        if passed(self.reports):
            self.rehearsed = self.rehearsed or self.reports
            return True
        for each in caught:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno, source=each.source)
        self._leave()
        return False

    def _leave(self) -> None:
        """Tears down what the items share, after a run that had kept it. Not by the hook of teardown: that was called."""
        state = self.item.session._setupstate
        call = pytest.CallInfo.from_call(lambda: state.teardown_exact(self.nextitem), when="teardown")
        if call.excinfo is not None:
            self.reports[-1] = self.item.ihook.pytest_runtest_makereport(item=self.item, call=call)

    def perform(self) -> None:
        """A run that counts."""
        self.reports = self._run(self.nextitem)
