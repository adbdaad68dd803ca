"""Measured tests beside pytest-rerunfailures: it reruns tests that fail, and the last run's figures are reported."""

import pytest
from plugin import project  # noqa: F401

pytest_plugins = ["pytester"]

# The parts of pytest-rerunfailures that matter here, under its name: two reruns for tests with "flaky" in their name.
RERUNS = """
import pytest
from _pytest.runner import runtestprotocol

class Plugin:
    @staticmethod
    def get_reruns_count(item):
        return 2 if "flaky" in item.name else None

    def pytest_runtest_protocol(self, item, nextitem):
        for left in reversed(range((self.get_reruns_count(item) or -1) + 1)):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            is_again = left and any(report.failed for report in reports)
            for report in reports:
                report.outcome = "rerun" if is_again and report.failed else report.outcome
                item.ihook.pytest_runtest_logreport(report=report)
            if not is_again:
                return True

    def pytest_report_teststatus(self, report):
        return ("rerun", "R", "RERUN") if report.outcome == "rerun" else None

def pytest_configure(config):
    config.pluginmanager.register(Plugin(), "rerunfailures")
"""

FLAKY = """
runs = []
class TestIt:
    @pytest.mark.heap_limit(warmup=WARMUP)
    def test_flaky(self, record_property):
        record_property("run", len(runs))
        runs.append(1)
        assert len(runs) > FAILS
"""


@pytest.fixture
def rerun(project):
    project.pytester.makeconftest(RERUNS)
    return project


def flaky(warmup, fails):
    return FLAKY.replace("WARMUP", str(warmup)).replace("FAILS", str(fails))


@pytest.mark.parametrize("warmup", [0, 1])
def test_a_measured_test_that_fails_is_run_again(rerun, warmup):
    rerun.test(flaky(warmup, fails=2))
    result, figures = rerun.figures()
    result.assert_outcomes(passed=1)
    assert [*figures] == ["test_flaky"]


@pytest.mark.parametrize("warmup", [0, 1])
def test_a_test_that_never_passes_fails(rerun, warmup):
    rerun.test(flaky(warmup, fails=99))
    result = rerun.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*1 failed, 2 rerun*"])


def test_a_test_that_always_breaks_its_limit_fails_with_its_figures(rerun):
    rerun.test("@pytest.mark.heap_limit(alloc_count=0)\ndef test_flaky(): return [[] for _ in range(9)] and None\n")
    result, figures = rerun.figures()
    result.assert_outcomes(failed=1)
    assert figures["test_flaky"]["state"] == "failed"


def test_the_report_has_nothing_of_earlier_runs(rerun):
    rerun.test(flaky(0, fails=1))
    rerun.run("--junitxml=junit.xml", "-o", "junit_family=xunit1").assert_outcomes(passed=1)
    text = (rerun.folder / "junit.xml").read_text(encoding="utf-8")
    assert text.count('name="heap.alloc_count"') == 1


def test_a_test_without_reruns_fails_once(rerun):
    rerun.test(flaky(0, fails=1).replace("test_flaky", "test_it"))
    rerun.run().assert_outcomes(failed=1)
