"""Subtests: what a test reports while it runs is reported once, however often the test runs to be measured.

The fixture here does what pytest-subtests' does. Those of pytest 9 are in tests/cases.
"""

import pytest
from plugin import project  # noqa: F401

pytest_plugins = ["pytester"]

CONFTEST = """
import contextlib, copy, pytest
from _pytest.runner import CallInfo

@pytest.fixture
def subtests(request):
    hooks = request.node.ihook
    @contextlib.contextmanager
    def test(name):
        outcome = []
        def body(): raise outcome[0]
        try:
            yield
        except AssertionError as error:
            outcome.append(error)
        call = CallInfo.from_call(body if outcome else int, when="call")
        report = hooks.pytest_runtest_makereport(item=request.node, call=call)
        report.context = name
        hooks.pytest_runtest_logreport(report=report)
    return test

def pytest_report_teststatus(report):
    if hasattr(report, "context"):
        return f"subtests {report.outcome}", "", "SUB"
"""

TESTS = """
@pytest.mark.heap_limit()
def test_good(subtests):
    for index in range(3):
        with subtests(index):
            [object() for _ in range(index)]
@pytest.mark.heap_limit()
def test_bad(subtests):
    for index in range(3):
        with subtests(index):
            assert index != 1
"""


@pytest.fixture
def subtests(project):  # noqa: F811
    project.pytester.makeconftest(CONFTEST)
    project.test(TESTS)
    return project


def last_words(result):
    return result.outlines[-1].strip("= ").rpartition(" in ")[0]


def test_they_are_reported_as_without_the_plugin(subtests):
    bare = subtests.pytester.runpytest_subprocess("-p", "no:heapster", "-p", "no:cacheprovider", "-W", "ignore")
    words = last_words(bare)
    assert "5 subtests passed" in words and "1 subtests failed" in words
    assert last_words(subtests.run("-W", "ignore")) == words


def test_a_test_with_a_failed_subtest_has_no_entry(subtests):
    subtests.run("--heap-baseline=update")
    text = subtests.baseline.read_text(encoding="utf-8")
    assert "test_good" in text and "test_bad" not in text


@pytest.mark.parametrize("seeds, options", [(2, ()), (1, ()), (2, ("-x",))])
def test_those_of_a_test_that_waits_are_reported_once(subtests, seeds, options):
    text = TESTS.partition("@pytest.mark.heap_limit()\ndef test_bad")[0]
    subtests.ini(f"heap_hash_seeds = {seeds}")
    subtests.test(text)
    subtests.run("--heap-baseline=update").assert_outcomes(passed=1)
    last = "def test_last(): assert 0\n" if options else ""  # and then the second pass never comes
    subtests.test(text.replace("range(index)", "range(index + 1)") + last)
    result = subtests.run("-v", *options)
    words = f"{2 if last else 1} failed, 3 subtests passed"
    assert last_words(result) == words
    assert sum("SUB" in line for line in result.outlines) == 3


def test_those_of_unittest_run_in_every_run(project):
    project.test("""
import unittest
runs = []
class Test(unittest.TestCase):
    def test_good(self):
        runs.append(1)
        for index in range(3):
            with self.subTest(index=index):
                self.assertLess(index, 3)
    def test_order(self):
        assert len(runs) == 2
""")
    project.run("--heap-all", "-k", "good or order").assert_outcomes(passed=2)
