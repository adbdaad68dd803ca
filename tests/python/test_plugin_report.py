"""What the plugin says in the terminal, in files, to JUnit and on xdist's workers. It is silent if it is not used."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest
from plugin import ROOT, commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

needs_xdist = pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="pytest-xdist is not installed")

MANY = """
@pytest.mark.parametrize("count", range(20))
@pytest.mark.heap_limit(heap="commanded")
def test_it(count): pytest.ask(count, 100 * (20 - count))
"""


def test_the_section_ranks_by_requests_bytes_and_peak(commanded):
    commanded.test(MANY)
    commanded.run().stdout.fnmatch_lines([
        "*= heapster: * python =*",
        "most requests:", "            19  test_it.py::test_it?19?", "            18  *", "            17  *",
        "most bytes:", "      9.77 KiB  test_it.py::test_it?10?", "*", "*",
        "highest peak:", "      1.86 KiB  test_it.py::test_it?1?", "*", "*",
        "20 measurements with no baseline*"], consecutive=True)  # fmt: skip


@pytest.mark.parametrize(("flags", "rows"), [(["-q"], 0), ([], 9), (["-v"], 30), (["-vv"], 60)], ids=str)
def test_verbosity_is_obeyed(commanded, flags, rows):
    commanded.test(MANY)
    lines = commanded.run("--heap-baseline=off", *flags).outlines
    assert len([line for line in lines if line.startswith("    ") and "::test_it[" in line]) == rows
    assert any("heapster:" in line and line.startswith("==") for line in lines) == (flags != ["-q"])


def test_a_growth_is_shown_with_its_buckets(commanded):
    commanded.test("@pytest.mark.heap_limit(heap='commanded')\ndef test_it(): pytest.ask(4, 64)\n")
    commanded.run("--heap-baseline=update")
    commanded.test("@pytest.mark.heap_limit(heap='commanded')\ndef test_it(): pytest.ask(3, 64); pytest.ask(2, 5000)\n")
    commanded.run().stdout.fnmatch_lines([
        "             5  test_it.py::test_it  +1 against the baseline",
        "above the baseline:",
        "  test_it.py::test_it: alloc_count 4 -> 5 (+1: +2 in ?4 KiB .. 8 KiB), -1 in ?64 B .. 128 B))"])  # fmt: skip


def test_a_report_for_machines_and_one_for_people(commanded):
    commanded.test(MANY)
    commanded.run("--heap-baseline=update")
    commanded.run("--heap-report=json:r.json", "--heap-report=markdown:r.md")
    report = json.loads((commanded.folder / "r.json").read_text(encoding="utf-8"))
    entry = report["measurements"]["test_it.py::test_it[3]"]
    assert entry["measured"]["figures"]["alloc_count"] == 3 
    assert entry["baseline"]["figures"] == {"alloc_count": 3, "realloc_growth_count": 0}
    assert report["fingerprint"].endswith(" python")
    lines = (commanded.folder / "r.md").read_text(encoding="utf-8").splitlines()
    assert "| test_it.py::test_it[3] | 3 | 4.98 KiB | 1.66 KiB | kept | as it was |" in lines


def test_a_report_that_cannot_be_written_is_named_with_status_1(commanded):
    commanded.test(MANY)
    result = commanded.run("-q", "--heap-report=json:/nowhere/r.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["heapster: /nowhere/r.json: cannot be written: No such file or directory"])


@pytest.mark.parametrize("value", ["r.json", "xml:r.xml", "json:"])
def test_a_report_of_an_unknown_form_is_a_usage_error(project, value):
    result = project.run(f"--heap-report={value}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: --heap-report must be json:PATH, markdown:PATH or github, not '{value}'"])


@pytest.mark.parametrize("flag", ["--heap-report=json:r.json", "--heap-baseline=update"])
def test_a_run_that_measured_nothing_says_that_nothing_was_written(project, flag):
    project.test("def test_it(): pass\n")
    project.run("-q", flag).stdout.fnmatch_lines(["heapster: no test was measured, so nothing was written; *"])
    assert not project.baseline.exists()


def test_figures_are_junit_properties(commanded):
    commanded.test("@pytest.mark.heap_limit(heap='commanded')\ndef test_it(heap):\n    pytest.ask(3)\n"
                   "    heap.measure(pytest.ask, 2, name='two', heap='commanded')\n")  # fmt: skip
    commanded.run("--junitxml=junit.xml")
    text = (commanded.folder / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="heap.alloc_count" value="7" />' in text
    assert '<property name="heap.two.alloc_count" value="2" />' in text


def test_help_markers_and_fixtures_name_the_plugin(project):
    text = str(project.run("--help").stdout)
    assert all(f"--heap-{name}" in text for name in ("all", "baseline", "strict", "report"))
    assert all(f"heap_{name}" in text for name in ("hooks", "tolerance", "warmup", "retries", "steady_runs"))
    project.run("--markers").stdout.fnmatch_lines(["@pytest.mark.heap_limit(alloc_count=10, use_peak='1 MiB', *"])
    project.run("--fixtures").stdout.fnmatch_lines(["heap*", "    Measures what the test hands to it: *"])


# Whether the package is imported, with the plugin in use or not.
IMPORTED = "def test_it():\n    import sys\n    assert ('heapster' in sys.modules) == {}\n"


@pytest.mark.parametrize(
    ("marker", "flags", "is_imported"),
    [("", [], False), ("@pytest.mark.heap_limit()\n", [], True), ("", ["--heap-all"], True),
     ("@pytest.mark.heap_limit()\n", ["-p", "no:heapster"], False)],
    ids=["unused", "marker", "option", "off"])  # fmt: skip
def test_the_package_is_imported_only_if_something_is_measured(project, marker, flags, is_imported):
    project.pytester.makepyfile(test_it="import pytest\n" + marker + IMPORTED.format(is_imported))
    project.run(*flags, plugins=() if "no:heapster" in flags else ("heapster",)).assert_outcomes(passed=1)


def test_pytest_finds_the_plugin_by_itself_and_no_heapster_turns_it_off(project, monkeypatch):
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    project.test("@pytest.mark.heap_limit(alloc_count=0)\ndef test_it(): return_value = [object()]\n")
    project.run(plugins=()).assert_outcomes(failed=1)
    result = project.run("-p", "no:heapster", plugins=())
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*Unknown pytest.mark.heap_limit*"])


@needs_xdist
def test_workers_send_their_figures_home(commanded):
    plugins = ("heapster", "xdist")
    commanded.test(MANY)
    _, alone = commanded.figures("--heap-baseline=update")
    text = commanded.baseline.read_bytes()
    commanded.baseline.unlink()
    result, together = commanded.figures("--heap-baseline=update", "-n", "2", "--dist", "loadgroup", plugins=plugins)
    result.assert_outcomes(passed=20)
    assert together == alone and commanded.baseline.read_bytes() == text
    commanded.test(MANY.replace("pytest.ask(count,", "pytest.ask(count + (count == 7),"))
    result = commanded.run("-n", "2", plugins=plugins)
    result.assert_outcomes(passed=19, failed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it?7?: alloc_count: 8 is 1 above the baseline of 7 (+1 in *"])


@needs_xdist
def test_xdists_controller_names_a_bad_marker_and_a_bad_file_once(commanded):
    plugins = ("heapster", "xdist")
    commanded.test(MANY)
    commanded.baseline.write_text("{", encoding="utf-8")
    result = commanded.run("-n", "2", plugins=plugins)
    assert result.ret == 1 and str(result.stdout).count("heapster-baseline.json:1:") == 1
    commanded.test("@pytest.mark.heap_limit(alloc=3)\ndef test_it(): pass\n")
    result = commanded.run("-n", "2", plugins=plugins)
    result.stdout.fnmatch_lines(["test_it.py::test_it: heap_limit: unknown field \"alloc\"*"])
    assert result.ret != 0


def test_last_failed_runs_only_the_tests_that_broke_a_limit(commanded):
    commanded.test("@pytest.mark.parametrize('n', range(4))\n@pytest.mark.heap_limit(heap='commanded', alloc_count=2)\n"
                   "def test_it(n): pytest.ask(n)\n")  # fmt: skip
    run = [sys.executable, "-m", "pytest", "-q", "-p", "heapster", "--lf"]
    for expected in ("1 failed, 3 passed", "1 failed"):
        done = subprocess.run(run, cwd=commanded.folder, env=os.environ, capture_output=True, text=True, check=False)
        assert expected in done.stdout.splitlines()[-1]


def test_hooks_are_those_of_the_ini_file(project):
    project.test("@pytest.mark.heap_limit()\ndef test_it(): pass\n")
    for hooks in ("malloc", "python", "malloc python"):
        project.ini(f"heap_hooks = {hooks}")
        result = project.run()
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines([f"*heapster: * {hooks.replace(' ', '+')} ==*"])


def test_a_hook_that_does_not_exist_is_an_error_of_the_ini_file(project):
    project.ini("heap_hooks = attic")
    project.test("@pytest.mark.heap_limit()\ndef test_it(): pass\n")
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: heap_hooks: *attic*"])


def test_the_readmes_conftest_knows_markers_and_fixture_while_the_plugin_is_off(project):
    text = (ROOT / "python" / "pytest_heapster" / "README.md").read_text(encoding="utf-8")
    project.pytester.makeconftest(re.search(r"```python\n(import pytest\n\nclass WithoutHeapster.*?)```", text, re.DOTALL)[1])
    project.test("@pytest.mark.heap_limit(alloc_count=0)\n@pytest.mark.heap_grow()\ndef test_marked(): return_value = [object()]\n"
                 "def test_fixture(heap): heap.measure(list)\n")  # fmt: skip
    project.run("--strict-markers", "-p", "no:heapster", plugins=()).assert_outcomes(passed=1, skipped=1)
    project.run("--strict-markers").assert_outcomes(passed=1, failed=1)
