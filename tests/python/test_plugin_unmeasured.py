"""Items that should be measured and cannot be: every summary names them, and --heap-strict fails the run."""

import importlib.util

import pytest
from plugin import project  # noqa: F401

pytest_plugins = ["pytester"]

needs_xdist = pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="pytest-xdist is not installed")

# A project's own collector, such as PyYAML's: its items run, but are not functions.
COLLECTOR = """
import pytest

class Line(pytest.Item):
    def runtest(self):
        assert self.name != "bad"

class Lines(pytest.File):
    def collect(self):
        for word in self.path.read_text().split():
            item = Line.from_parent(self, name=word)
            if word == "marked":
                item.add_marker(pytest.mark.heap_limit(alloc_count=0))
            yield item

def pytest_collect_file(file_path, parent):
    return Lines.from_parent(parent, path=file_path) if file_path.suffix == ".lines" else None
"""

SAID = "2 tests not measured (not a test function): of.lines::one, of.lines::two"


@pytest.fixture
def lines(project):
    project.pytester.makeconftest(COLLECTOR)
    (project.folder / "of.lines").write_text("one two", encoding="utf-8")
    return project


@pytest.mark.parametrize("options", [(), ("-q",), ("--heap-baseline=off",), ("--heap-baseline=check",),
                                     ("--heap-baseline=update",)], ids=" ".join)  # fmt: skip
def test_items_that_are_not_functions_are_named_in_every_mode(lines, options):
    result = lines.run("--heap-all", *options)
    result.stdout.fnmatch_lines([SAID])
    assert result.ret == 0 and not lines.baseline.exists()


def test_they_are_named_beside_measured_tests_too(lines):
    lines.test("def test_it(): pass\n")
    result, figures = lines.figures("--heap-all")
    result.stdout.fnmatch_lines([SAID])
    assert [*figures] == ["test_it"]


def test_an_update_that_measured_nothing_says_that_nothing_was_written(lines):
    result = lines.run("--heap-all", "--heap-baseline=update")
    assert "heapster: no test was measured, so nothing was written" in result.stdout.lines


def test_strict_fails_a_run_that_could_not_measure_all(lines):
    result = lines.run("--heap-all", "--heap-strict")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([SAID, "heapster: tests were not measured: 2; run them apart, without these options (--heap-strict)"])
    assert result.ret == 1


def test_a_marked_item_is_named_without_heap_all(lines):
    (lines.folder / "of.lines").write_text("one marked", encoding="utf-8")
    lines.run().stdout.fnmatch_lines(["1 test not measured (not a test function): of.lines::marked"])


def test_nothing_is_said_if_nobody_asked(lines):
    assert "not measured" not in str(lines.run().stdout)


def test_only_pytest_reports_an_item_that_failed(lines):
    (lines.folder / "of.lines").write_text("bad", encoding="utf-8")
    result = lines.run("--heap-all")
    result.assert_outcomes(failed=1)
    assert "not measured" not in str(result.stdout)


def test_doctests_are_named(project):
    project.test('def double(x):\n    """\n    >>> double(2)\n    4\n    """\n    return 2 * x\n')
    result = project.run("--heap-all", "--doctest-modules")
    result.stdout.fnmatch_lines(["1 test not measured (not a test function): test_it.py::test_it.double"])


def test_strict_fails_a_run_with_a_test_that_cannot_run_twice(project):
    project.test("runs = []\ndef test_once():\n    runs.append(1)\n    assert len(runs) == 1\n")
    result = project.run("--heap-all", "--heap-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["heapster: tests were not measured: 1; *(--heap-strict)"])
    assert result.ret == 1


@needs_xdist
def test_workers_send_the_names_of_items_home(lines):
    result = lines.run("--heap-all", "-n", "2", plugins=("heapster", "xdist"))
    result.stdout.fnmatch_lines(["2 tests not measured (not a test function): *"])


# As pytest-forked has them, and pytest-isolate.
ISOLATING = """
def pytest_addoption(parser):
    parser.addoption("--{0}", dest="{0}", action="store_true", default=False)
    for name in {1}:
        parser.addoption("--" + name.replace("_", "-"), dest=name, default=None)
def pytest_configure(config):
    config.addinivalue_line("markers", "{0}: in a process of its own")
"""


@pytest.mark.parametrize("name, others", [("forked", []), ("isolate", ["isolate_timeout", "isolate_mem_limit",
                                                                       "isolate_cpu_limit", "noisolate"])])  # fmt: skip
def test_what_another_plugin_runs_in_a_process_of_its_own_runs_once(project, name, others):
    project.pytester.makeconftest(ISOLATING.format(name, others))
    project.test("runs = []\n@pytest.mark.MARKER\n@pytest.mark.heap_limit(alloc_count=0)\ndef test_it(heap):\n    runs.append(1)\n"
                 "    assert runs == [1]\ndef test_other(): pass\n".replace("MARKER", name))  # fmt: skip
    result = project.run("--heap-all")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["1 test not measured (runs in a process of its own): test_it.py::test_it"])
    project.test("def test_it(): pass\n")
    words = "1 test not measured (runs in a process of its own): test_it.py::test_it"
    project.run("--heap-all", f"--{name}").stdout.fnmatch_lines([words])
    assert words not in project.run("--heap-all").outlines
