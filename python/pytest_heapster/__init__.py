"""heapster in pytest: what a test asks of the heap, limited by a marker, compared with a committed baseline.

pytest loads this module in every run, so neither it nor what it imports at its top imports heapster: that would start
the counting. Session.ensure_engine does, when a test is to be measured.
"""

import os
from typing import TYPE_CHECKING, Iterator

import pytest

from pytest_heapster import options
from pytest_heapster.session import Session

if TYPE_CHECKING:
    from pytest_heapster.measure import Heap

SESSION = "heapster_session"


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[options.ENVIRONMENT] = {**os.environ}
    config.addinivalue_line("markers", options.MARKER_HELP)
    config.addinivalue_line("markers", options.GROW_HELP)
    settings = options.read_settings(config)
    if settings.second_report is not None:
        options.forget_stepwise(config)
    config.pluginmanager.register(Session(config, settings), SESSION)


@pytest.fixture
def heap(request: pytest.FixtureRequest) -> Iterator["Heap"]:
    """Measures what the test hands to it: heap.measure(fn), with heap.measuring("load"):"""
    session = request.config.pluginmanager.get_plugin(SESSION)
    assert isinstance(session, Session)
    with session.open_fixture(request.node) as fixture:
        yield fixture
