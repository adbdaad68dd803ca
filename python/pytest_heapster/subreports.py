"""Reports that a test makes while it runs: subtests, of pytest 9, of pytest-subtests and of unittest.

A measured test runs several times, and its subtests are to be reported once. So what each run reports is held back, and
only that of the last run is passed on.
"""

import contextlib
from typing import Any, Callable, Iterator, List

import pytest


class Recorder:
    """Stands for item.ihook: keeps the reports that come meanwhile, and passes on all other calls."""

    def __init__(self, hooks: Any) -> None:
        self._hooks = hooks
        self.reports: List[pytest.TestReport] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._hooks, name)
        setattr(self, name, found)
        return found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.append(report)

    def begin_run(self) -> None:
        self.reports = []

    @contextlib.contextmanager
    def recording(self, item: pytest.Item) -> Iterator[None]:
        """While the item runs, all that asks for its hooks gets the recorder."""
        session: Any = item.session
        original: Callable[..., Any] = session.gethookproxy
        path = item.path
        session.gethookproxy = lambda fspath: self if fspath is path or fspath == path else original(fspath)
        try:
            yield
        finally:
            del session.gethookproxy

    def has_failed(self) -> bool:
        return any(report.failed for report in self.reports)

    def pass_on(self) -> None:
        for report in self.reports:
            self._hooks.pytest_runtest_logreport(report=report)
        self.reports = []
