"""Reports that a test makes while it runs: subtests, of pytest 9, of pytest-subtests and of unittest.

A measured test runs several times, and its subtests are to be reported once. So what each run reports is held back, and
only that of the last run is passed on.
"""

from typing import Any, Callable, List

import pytest


class Recorder:
    """Stands for item.ihook: keeps the reports that come meanwhile, and passes on all other calls."""

    def __init__(self, hooks: Any) -> None:
        self.hooks = hooks
        self.reports: List[pytest.TestReport] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.hooks, name)
        setattr(self, name, found)
        return found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.append(report)

    def begin_run(self, item: pytest.Item) -> None:
        """From here on all that asks for the item's hooks gets the recorder."""
        self.reports = []
        session: Any = item.session
        original: Callable[..., Any] = session.gethookproxy
        path = item.path
        session.gethookproxy = lambda fspath: self if fspath is path or fspath == path else original(fspath)

    def end_run(self, item: pytest.Item) -> None:
        session: Any = item.session
        del session.gethookproxy

    def has_failed(self) -> bool:
        return any(report.failed for report in self.reports)

    def pass_on(self) -> None:
        for report in self.reports:
            self.hooks.pytest_runtest_logreport(report=report)
        self.reports = []
