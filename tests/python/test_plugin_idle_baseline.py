"""A baseline with entries, and a run that measures nothing: the summary says so, and who asked for a check gets status 1."""

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

TEST = """
def test_one(): pytest.ask(10, 100)
def test_two(): pytest.ask(20, 100)
"""

OFF = ("heapster: heapster-baseline.json has 2 entries, but no test was measured: add `heap_all = true` to the ini file, or "
       "--heap-all")  # fmt: skip


@pytest.fixture
def unmarked(commanded):
    """A project whose baseline was made by --heap-all, and that has nothing in the ini file."""
    commanded.test(TEST)
    commanded.run("--heap-all", "--heap-baseline=update").assert_outcomes(passed=2)
    return commanded


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), 0),
        (("-q",), 0),
        (("--heap-baseline=check",), 1),
        (("--heap-strict",), 1),
        (("test_it.py",), 0),
        (("--heap-strict", "."), 1),
    ],
)
def test_a_baseline_that_nothing_is_compared_with_is_said(unmarked, options, status):
    result = unmarked.run(*options)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([OFF])
    assert result.ret == status


def test_xdist_says_it_once(unmarked):
    pytest.importorskip("xdist")
    result = unmarked.run("-n", "2", "--heap-strict", plugins=("heapster", "xdist"))
    result.assert_outcomes(passed=2)
    assert str(result.stdout).count("but no test was measured") == 1
    assert result.ret == 1


def test_the_ini_line_that_it_advises_ends_it(unmarked):
    unmarked.ini("heap_all = true")
    result = unmarked.run("--heap-strict")
    assert "no test was measured" not in str(result.stdout)
    assert result.ret == 0


@pytest.mark.parametrize(
    "options",
    [("-k", "one"), ("test_it.py::test_one",), ("--deselect", "test_it.py::test_one"), ("--collect-only",),
     ("--heap-baseline=off", "--heap-strict"), ("test_other.py", "--heap-strict"), ("--heap-all", "-k", "one")],
)  # fmt: skip
def test_a_narrowed_run_or_one_without_entries_says_nothing(unmarked, options):
    unmarked.test("def test_other(): pass", name="test_other")
    result = unmarked.run(*options)
    assert "no test was measured" not in str(result.stdout)
    assert result.ret == 0


def test_marked_tests_that_are_all_skipped_say_nothing(unmarked):
    unmarked.test("@pytest.mark.skip\n@pytest.mark.heap_limit()\ndef test_one(): pass")
    result = unmarked.run("--heap-strict")
    result.assert_outcomes(skipped=1)
    assert "no test was measured" not in str(result.stdout)
    assert result.ret == 0


@pytest.mark.parametrize("options", [(), ("--heap-baseline=check",), ("--heap-strict",)])
def test_a_file_that_cannot_be_read_is_an_error_although_nothing_is_measured(unmarked, options):
    unmarked.baseline.write_text("{\n<<<<<<< HEAD\n", encoding="utf-8")
    result = unmarked.run(*options)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["heapster: *heapster-baseline.json:2:1: a merge conflict*"])
    assert result.ret == 1
