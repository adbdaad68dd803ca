"""Tests in another order than that of the files: a figure that is a little too high only there does not fail."""

import importlib.util
import json
import sys

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

from pytest_heapster.files_order import find_time_limit

pytest_plugins = ["pytester"]

needs_xdist = pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="pytest-xdist is not installed")

# The project's own plugin for the order: the environment names the tests.
SHUFFLE = """
import os
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    names = os.environ.get("ORDER", "").split()
    items.sort(key=lambda each: names.index(each.name) if each.name in names else -1)
"""

# The last test asks for more if the second was the first to run. The file "turns" has a letter for each process.
TESTS = """
import os, pathlib
with open(pathlib.Path(__file__).with_name("turns"), "a") as file: file.write("x")
ran = []
@pytest.mark.heap_limit(heap="commanded")
def test_a(): ran.append("a")
@pytest.mark.heap_limit(heap="commanded")
def test_b(): ran.append("b")
@pytest.mark.heap_limit(heap="commanded")
def test_c():
    ran.append("c")
    pytest.ask(7 if ran[0] == "b" else 5)
"""

NAMED = ("1 measurement outside what it may be here, but not in one process in the order of the files, so not failed (*): "
         "test_it.py::test_c")  # fmt: skip


@pytest.fixture
def shuffled(commanded, monkeypatch):  # noqa: F811
    """A project with a baseline of the files' order, which then runs its tests in another one."""
    conftest = (commanded.folder / "conftest.py").read_text()
    commanded.pytester.makeconftest(conftest + SHUFFLE)
    commanded.test(TESTS)
    commanded.run("--heap-baseline=update").assert_outcomes(passed=3)
    (commanded.folder / "turns").unlink()
    monkeypatch.setenv("ORDER", "test_b test_a test_c")
    return commanded


def turns(project):  # noqa: F811
    return len((project.folder / "turns").read_text())


def test_what_is_too_high_in_another_order_only_passes_and_is_named(shuffled):
    result = shuffled.run("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([NAMED])
    assert result.ret == 0 and turns(shuffled) == 2
    _, found = shuffled.figures("-q", f"--junitxml={shuffled.folder}/junit.xml")
    assert found["test_c"]["state"] == "other order" and found["test_c"]["measured"]["figures"]["alloc_count"] == 7
    assert (shuffled.folder / "junit.xml").read_text().count("<testcase") == 3


@pytest.mark.parametrize("order", ["test_b test_a test_c", "test_a test_b test_c"])
def test_a_planted_block_fails_in_both_orders(shuffled, monkeypatch, order):
    monkeypatch.setenv("ORDER", order)
    shuffled.test(TESTS.replace("7 if", "8 if").replace("else 5", "else 6"))
    result = shuffled.run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_c: alloc_count: ? is ? above the baseline of 5 *"])
    is_shuffled = order.startswith("test_b")
    result.stdout.fnmatch_lines(["In one more process, in the order of the files, it fails as well." if is_shuffled
                                 else "In one more process, with a fixed hash seed, it fails as well."])  # fmt: skip
    assert turns(shuffled) == 2


def test_a_run_may_be_below_the_baseline_in_another_order_under_strict(shuffled, monkeypatch):
    shuffled.test(TESTS.replace("7 if", "4 if"))
    result = shuffled.run("--heap-strict")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([NAMED])
    shuffled.test(TESTS.replace("7 if", "4 if").replace("else 5", "else 4"))
    shuffled.run("--heap-strict").assert_outcomes(passed=2, failed=1)
    monkeypatch.setenv("ORDER", "")
    shuffled.run("--heap-strict").assert_outcomes(passed=2, failed=1)


def test_a_limit_of_a_marker_is_tried_in_the_order_of_the_files_too(shuffled):
    limited = TESTS.replace('heap="commanded")\ndef test_c', 'heap="commanded", alloc_count=5)\ndef test_c')
    assert limited != TESTS
    shuffled.test(limited)
    shuffled.run("--heap-baseline=off").assert_outcomes(passed=3)


def test_what_fails_by_itself_in_the_order_of_the_files_fails(shuffled):
    shuffled.test(TESTS.replace("    pytest.ask", "    assert ran[0] == 'b'\n    pytest.ask"))
    shuffled.run().assert_outcomes(passed=2, failed=1)


def test_the_run_stops_at_the_first_failure_but_not_the_process_that_has_the_order_of_the_files(shuffled):
    shuffled.test(TESTS.replace('test_a(): ran.append("a")', 'test_a():\n    ran.append("a")\n    assert ran[0] == "b"'))
    result = shuffled.run("-x")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([NAMED])


@pytest.mark.parametrize(("end", "why"), [
    ("os._exit(9)", "a second process ended with status 9: *"),
    ("import time; time.sleep(60)", "a process that runs the tests so takes longer than 3 s"),
])  # fmt: skip
def test_a_failure_stands_if_the_process_comes_to_no_end(shuffled, end, why):
    conftest = (shuffled.folder / "conftest.py").read_text()
    shuffled.pytester.makeconftest(f"""{conftest}
import os, sys
import pytest_heapster.files_order as files_order
files_order.LEAST_SECONDS = 3
if any("--heap-second" in each for each in sys.argv): {end}
""")
    result = shuffled.run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([f"Whether it is above in the order of the files, too, is not known: {why}"])


@pytest.mark.parametrize(("seconds", "workers", "limit"), [(1, 0, 60), (1, 8, 60), (90, 0, 90), (90, 4, 360), (90, 8, 600),
                                                          (900, 8, 900)])  # fmt: skip
def test_the_process_has_as_long_as_the_run_took_and_more_after_workers(seconds, workers, limit):
    assert find_time_limit(seconds, workers) == limit


@needs_xdist
def test_workers_failures_are_tried_in_one_process(shuffled):
    plugins = ("heapster", "xdist")
    result = shuffled.run("-n", "1", plugins=plugins)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([NAMED])
    shuffled.test(TESTS.replace("7 if", "8 if").replace("else 5", "else 6"))
    shuffled.run("-n", "1", plugins=plugins).assert_outcomes(passed=2, failed=1)


@needs_xdist
def test_the_environment_of_a_worker_fails_no_test(project):  # noqa: F811
    project.test("import os\n@pytest.mark.heap_limit()\ndef test_it(): dict(os.environ)\n")
    project.run("--heap-baseline=update").assert_outcomes(passed=1)
    result = project.run("-n", "2", plugins=("heapster", "xdist"))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 measurement outside what it may be here, *xdist's environment*"])


def test_an_update_in_another_order_has_the_order_of_the_files_in_its_second_process(shuffled):
    shuffled.baseline.unlink()
    shuffled.test(TESTS.replace('7 if ran[0] == "b" else 5', '5 if [*dict.fromkeys(ran)] == ["a", "b", "c"] else 7'))
    shuffled.run("--heap-baseline=update").assert_outcomes(passed=3)
    (entries,) = [each for key, each in json.loads(shuffled.baseline.read_text("utf-8")).items() if " " in key]
    assert entries["test_it.py::test_c"]["varies"] == {"alloc_count": [5, 7]}


@pytest.mark.parametrize("part", [["test_it.py::test_b", "test_it.py::test_c"], ["-k", "test_b or test_c"]])
def test_a_part_of_the_tests_is_said_to_be_one(shuffled, monkeypatch, part):
    monkeypatch.setenv("ORDER", "")
    result = shuffled.run(*part)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["It ran 22 times*Only a part of the tests ran. *"])
    shuffled.test(TESTS.replace("else 5", "else 6"))
    result = shuffled.run()
    assert result.ret == 1 and "Only a part" not in str(result.stdout)


def test_the_summary_on_github_names_it(shuffled, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(shuffled.folder / "summary.md"))
    result = shuffled.run("--heap-report=github")
    assert "::error" not in str(result.stdout)
    text = (shuffled.folder / "summary.md").read_text("utf-8")
    assert "0 above what they may be" in text and "#### Outside what they may be here, but not in one process" in text


@pytest.mark.skipif(not (3, 11) <= sys.version_info[:2] <= (3, 12), reason="is about how CPython 3.11 keeps attributes")
def test_the_attributes_of_a_classes_first_objects_fail_no_test(project, monkeypatch):  # noqa: F811
    project.pytester.makeconftest("import pytest\n" + SHUFFLE)
    project.test("""
class Loop:
    def __init__(self): self.index = 1
    def look_around(self): self.before, self.after = 1, 2
def test_a(): Loop().look_around()
def test_b(): [Loop() for _ in range(40)]
def test_c(): Loop().look_around()
""")
    project.run("--heap-all", "--heap-baseline=update").assert_outcomes(passed=3)
    monkeypatch.setenv("ORDER", "test_b test_a test_c")
    result = project.run("--heap-all")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["2 measurements outside what they may be here, *: test_it.py::test_*"])
    text = (project.folder / "test_it.py").read_text()
    project.test(text.replace("test_c(): ", "test_c(): [object() for _ in range(9)]; "))
    project.run("--heap-all").assert_outcomes(passed=2, failed=1)
