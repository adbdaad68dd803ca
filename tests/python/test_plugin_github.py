"""--heap-report=github: a table in the step's summary, and annotations that no name of a test can forge."""

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

from pytest_heapster.github import escape_property, escape_text

pytest_plugins = ["pytester"]

TEST = "@pytest.mark.heap_limit(heap='commanded')\ndef test_it(): pytest.ask({}, 100)\n"


@pytest.fixture
def job(commanded, monkeypatch):  # noqa: F811
    """A project in a job of GitHub; its summary has a line of an earlier step."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(commanded.folder.parent))
    commanded.summary = commanded.folder / "summary.md"
    commanded.summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(commanded.summary))
    return commanded


def annotations(result):
    return [line for line in result.outlines if line.startswith("::")]


def test_what_broke_is_in_the_summary_and_at_its_line(job):
    job.test(TEST.format(10))
    job.run("--heap-baseline=update")
    job.summary.write_text("before\n", encoding="utf-8")
    job.test("\n\n" + TEST.format(12))
    result = job.run("-q")
    words = "alloc_count 10 -> 12 (+2: +2 in [64 B .. 128 B))"
    (found,) = annotations(result)
    assert found.startswith(f"::error file={job.folder.name}/test_it.py,line=4::test_it.py::test_it: {words}%0Afirst: 12 allocs, ")
    lines = job.summary.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["before", "### heapster: 1 measurement, 1 above what they may be"]
    assert f"| `test_it.py::test_it` | {words} |" in lines


def test_improvements_and_what_was_not_measured_are_in_the_summary(job):
    job.test(TEST.format(10))
    job.run("--heap-baseline=update")
    job.test(TEST.format(8) + "runs = []\ndef test_once():\n    runs.append(1)\n    assert len(runs) == 1\n")
    result = job.run("--heap-all")
    text = job.summary.read_text(encoding="utf-8")
    assert "#### Below the baseline" in text and "alloc_count 10 -> 8" in text
    assert "| `test_it.py::test_once` | fails when it runs a second time |" in text
    assert annotations(result) == []


def test_what_is_expected_to_fail_has_no_annotation(job):
    job.test("@pytest.mark.xfail\n" + TEST.format(5).replace("heap_limit(", "heap_limit(alloc_count=1, "))
    result = job.run()
    assert result.ret == 0 and annotations(result) == []
    text = job.summary.read_text(encoding="utf-8")
    assert "### heapster: 1 measurement, 0 above what they may be" in text
    assert "#### Above, as their tests are expected to fail" in text and "| `test_it.py::test_it` | a limit " in text


def test_there_are_ten_annotations_one_a_file_and_the_last_counts_the_rest(job):
    for number in range(12):
        job.test(TEST.format(5).replace("heap_limit(", "heap_limit(alloc_count=1, ").replace("test_it", "test_a")
                 + TEST.format(5).replace("heap_limit(", "heap_limit(alloc_count=1, "), f"test_{number:02}")  # fmt: skip
    found = annotations(job.run("-q"))
    assert len(found) == 10
    assert found[0].count("a limit of the test is broken") == 2
    assert found[-1].endswith("%0Aand 4 measurements more in 2 other files")


def test_names_cannot_forge_commands_cells_or_code(job):
    job.test(TEST.format("5").replace("def test_it()", "def test_it(word)")
             .replace("@pytest", "@pytest.mark.parametrize('word', ['a', 'b'], ids=['a|b`c%0A::error::x', 'y'])\n@pytest", 1)
             .replace("heap_limit(", "heap_limit(alloc_count=1, "))  # fmt: skip
    result = job.run("-q")
    assert len(annotations(result)) == 1 and "%250A" in annotations(result)[0]
    rows = [line for line in job.summary.read_text(encoding="utf-8").splitlines() if "test_it[a" in line]
    row, heading = rows
    assert row.replace("\\|", "").count("|") == 3 and row.count("`") == 2
    assert heading.startswith("#### `") and heading.count("`") == 2  # of the lines that made its requests


@pytest.mark.parametrize(("text", "expected"), [("a%b\r\nc:d,e", "a%25b%0D%0Ac:d,e"), ("", "")])
def test_text_is_escaped(text, expected):
    assert escape_text(text) == expected
    assert escape_property("a:b,c\n%") == "a%3Ab%2Cc%0A%25"


def test_it_is_off_elsewhere_and_on_by_the_option(job, monkeypatch):
    job.test(TEST.format(5).replace("heap_limit(", "heap_limit(alloc_count=1, "))
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert annotations(job.run("-q")) == []
    assert len(annotations(job.run("-q", "--heap-report=github"))) == 1
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert len(annotations(job.run("-q", "--heap-report=github"))) == 1


def test_a_summary_that_cannot_be_written_is_a_problem_of_the_run(job, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/nowhere/summary")
    job.test(TEST.format(5))
    result = job.run("-q")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["heapster: /nowhere/summary: cannot be written: No such file or directory"])


def test_the_name_of_a_part_forges_no_line(job):
    job.test("def test_it(heap): heap.measure(len, (), name='a\\n::error file=x::forged\\r')\n")
    result = job.run()
    result.assert_outcomes(passed=1)
    assert not annotations(result)
    result.stdout.fnmatch_lines([r"*test_it.py::test_it#a\n::error file=x::forged\r"])


def test_the_name_of_a_file_may_be_no_utf8(job, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:backslashreplace")  # pytester reads UTF-8 only
    (job.folder / "test_\udcff.py").write_text("import pytest\n" + TEST.format(3), encoding="utf-8")
    result = job.run("--heap-baseline=update", f"--heap-report=markdown:{job.folder}/report.md")
    result.assert_outcomes(passed=1)
    assert r"test_\udcff.py::test_it" in job.baseline.read_text(encoding="utf-8")
    assert r"test_\udcff.py::test_it" in (job.folder / "report.md").read_text(encoding="utf-8").replace("\\\\", "\\")
    job.run().assert_outcomes(passed=1)
