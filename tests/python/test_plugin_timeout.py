"""Beside pytest-timeout: its time limit is for one run of a test, and a measured test has several."""

import pytest
from plugin import project  # noqa: F401

pytest_plugins = ["pytester"]

# The parts of pytest-timeout that matter here: one timer around a test, cancelled when a test raises. It ends the
# process, as that plugin does with a timer in a thread.
TIMEOUT = """
import collections, os, threading
import pytest

Settings = collections.namedtuple("Settings", "timeout func_only")
timers = []

class Hooks:
    @pytest.hookspec(firstresult=True)
    def pytest_timeout_set_timer(item, settings): pass
    @pytest.hookspec(firstresult=True)
    def pytest_timeout_cancel_timer(item): pass

def pytest_addhooks(pluginmanager): pluginmanager.add_hookspecs(Hooks)

@pytest.hookimpl(trylast=True)
def pytest_timeout_set_timer(item, settings):
    timers.append(threading.Timer(settings.timeout, os._exit, (9,)))
    timers[-1].start()
    return True

@pytest.hookimpl(trylast=True)
def pytest_timeout_cancel_timer(item):
    timers[-1].cancel()
    timers[-1].join()
    return True

def pytest_exception_interact(node): node.config.hook.pytest_timeout_cancel_timer(item=node)

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    item.config.hook.pytest_timeout_set_timer(item=item, settings=Settings(1.0, FUNC_ONLY))
    yield
    item.config.hook.pytest_timeout_cancel_timer(item=item)

def pytest_sessionfinish():
    assert not any(each.is_alive() for each in timers)
"""

SLOW = """
import time
runs = []
@pytest.mark.heap_limit(LIMIT)
def test_slow():
    runs.append(1)
    time.sleep(0.15 if len(runs) < HANGS_AT else 5)
def test_runs(): assert len(runs) >= LEAST
"""


@pytest.fixture
def timed(project):
    project.pytester.makeconftest(TIMEOUT.replace("FUNC_ONLY", "False"))
    return project


def slow(limit="", hangs_at=1000, least=8):
    return SLOW.replace("LIMIT", limit).replace("HANGS_AT", str(hangs_at)).replace("LEAST", str(least))


def test_each_run_has_the_whole_time(timed):
    timed.test(slow())
    result = timed.run("--heap-baseline=update", "-o", "heap_hash_seeds=1")
    assert result.ret == 0
    result.assert_outcomes(passed=2)
    assert "test_it.py::test_slow" in timed.baseline.read_text(encoding="utf-8")


def test_the_run_after_one_that_failed_has_a_timer_too(timed):
    timed.test(slow(limit="live_change=(5, None)", hangs_at=4))
    assert timed.run().ret == 9


def test_a_timer_that_is_set_around_each_call_is_left_alone(project):
    project.pytester.makeconftest(TIMEOUT.replace("FUNC_ONLY", "True").replace("1.0", "60.0"))
    project.test(slow(least=2) + "\ndef test_timers(): import conftest; assert len(conftest.timers) == 3\n")
    project.run("-p", "no:randomly").assert_outcomes(passed=3)
