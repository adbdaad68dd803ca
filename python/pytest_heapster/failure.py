"""Fails a test for its figures, in a place that people can go to: the test's own first line.

The judge runs when the test has returned, so no frame of the test is left, and pytest would show none, or ours.
"""

from typing import Any, Callable, Dict, NoReturn, Protocol

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprFileLocation


class Place(Protocol):
    """Where a test stands: as in item.location, the line counts from 0."""

    path: str
    line: "int | None"


def fail(words: str, place: Place) -> NoReturn:
    __tracebackhide__ = True
    source = "\n" * (place.line or 0) + "def raise_here(fail, words): fail(words, pytrace=False)"
    names: Dict[str, Any] = {}
    exec(compile(source, place.path, "exec"), names)
    raise_here: Callable[..., NoReturn] = names["raise_here"]
    raise_here(pytest.fail, words)


def note_line(report: pytest.TestReport, excinfo: "pytest.ExceptionInfo[BaseException]") -> None:
    """Give the report of such a failure its line. pytest 7 has none for what has no traceback, and so no reason in its short
    summary."""
    failure = report.longrepr
    if not isinstance(failure, ExceptionChainRepr) or failure.reprcrash is not None:
        return
    places = [each for each in excinfo.traceback if each.name == "raise_here"]
    if places:
        crash = ReprFileLocation(str(places[0].path), places[0].lineno + 1, excinfo.exconly(tryshort=True))
        *before, (traceback, _, description) = failure.chain
        report.longrepr = ExceptionChainRepr([*before, (traceback, crash, description)])
