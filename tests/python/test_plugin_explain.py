"""A failure says which lines made the requests: heap_explain = on-failure, off or always."""

import json
import os

from plugin import commanded, commanded_library, project  # noqa: F401

import heapster
from pytest_heapster.explained import explain, list_prefixes, list_words, make_surplus, shorten

pytest_plugins = ["pytester"]

# The planted regression: one more copy of a list in a loop.
PAGE = """
def parse(text):
    rows = []
    for line in text.splitlines():
        words = line.split()
        {copy}
        rows.append(tuple(words))
    return rows

@pytest.mark.heap_limit()
def test_parse():
    parse("a b c d\\n" * 50)
"""


def plant(project):
    project.test(PAGE.format(copy="pass"))
    assert project.run("--heap-baseline=update").ret == 0
    project.test(PAGE.format(copy="words = list(words)"))


def test_the_line_of_a_regression_is_named_first(project):
    plant(project)
    result = project.run()
    result.assert_outcomes(failed=1)
    lines = [line.strip() for line in result.outlines]
    start = next(i for i, line in enumerate(lines) if "where the requests of test_it.py::test_parse come from" in line)
    assert lines[start + 1].endswith(": test_it.py:7 in parse"), lines[start : start + 6]
    assert any(line.endswith(" explained") and "unsteady" not in line for line in lines[start:])


def test_a_setting_turns_it_off_and_a_wrong_one_is_refused(project):
    plant(project)
    project.ini("heap_explain = off")
    result = project.run()
    result.assert_outcomes(failed=1)
    assert "where the requests" not in str(result.stdout) and "explained" not in str(result.stdout)
    project.ini("heap_explain = sometimes")
    project.run().stderr.fnmatch_lines(["*heap_explain must be on-failure, off or always, not 'sometimes'*"])


def test_always_explains_what_passes_too(project):
    project.ini("heap_explain = always")
    project.test(PAGE.format(copy="pass"))
    result = project.run("--heap-report=json:r.json")
    result.assert_outcomes(passed=1)
    report = json.loads((project.folder / "r.json").read_text(encoding="utf-8"))
    record = report["measurements"]["test_it.py::test_parse"]
    figures, explained = record["measured"]["figures"], record["explained"]
    assert sum(each["alloc_count"] for each in explained["sites"]) == figures["alloc_count"]
    number = figures["alloc_count"] + figures["realloc_growth_count"]
    assert explained["sum"] == f"{number} of {number} explained"


def test_every_report_shows_the_lines(project, monkeypatch):
    plant(project)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.folder / "summary.md"))
    result = project.run("--heap-report=json:r.json", "--heap-report=markdown:r.md", "--heap-report=github")
    explained = json.loads((project.folder / "r.json").read_text(encoding="utf-8"))["measurements"][
        "test_it.py::test_parse"
    ]["explained"]
    first = explained["sites"][0]
    assert (os.path.basename(first["file"]), first["line"], first["function"]) == ("test_it.py", 7, "parse")
    for name in ("r.md", "summary.md"):
        text = (project.folder / name).read_text(encoding="utf-8")
        assert f"#### `test_it.py::test_parse`\n\n    {explained['lines'][0]}\n" in text
    result.stdout.fnmatch_lines(["::error file=test_it.py,*first: *"])


def test_a_leak_is_named_by_its_line(project):
    project.test("""
kept = []
def keep():
    for i in range(20):
        bytearray(100)
    kept.append(object())
@pytest.mark.heap_limit(live_change=0, heap="python")
def test_it():
    keep()
@pytest.mark.heap_grow()
def test_grow():
    keep()
""")
    result = project.run()
    result.assert_outcomes(failed=2)
    lines = [line.strip() for line in result.outlines]
    start = next(i for i, line in enumerate(lines) if "where the requests of test_it.py::test_it come from" in line)
    assert " alive, " in lines[start + 1] and lines[start + 1].endswith(": test_it.py:7 in keep")
    start = next(i for i, line in enumerate(lines) if "test_grow: heap python: blocks stay" in line)
    assert " alive, " in lines[start + 1] and lines[start + 1].endswith(": test_it.py:7 in keep")


def test_a_block_that_c_code_lost_is_named_by_the_line_that_called_it(commanded):
    commanded.test("""
def lose(): pytest.leak(1, 64)
@pytest.mark.heap_grow(rounds=3)
def test_it():
    lose()
""")
    lines = [line.strip() for line in commanded.run().outlines]
    start = next(i for i, line in enumerate(lines) if "heap commanded: blocks stay each round" in line)
    assert "1 alive, 1 alloc, 64 B" in lines[start + 1]


def test_a_line_of_a_library_stands_in_brackets(project):
    project.test("""
import json
@pytest.mark.heap_limit(alloc_count=1)
def test_it():
    json.dumps([[1.5]] * 30)
""")
    lines = [line.strip() for line in project.run().outlines]
    start = next(i for i, line in enumerate(lines) if "where the requests" in line)
    assert ": test_it.py:6 in test_it (json/encoder.py:" in lines[start + 1]


def test_at_most_ten_lines_are_shown(project):
    calls = "\n".join(f"    kept.append(bytes({100 + i}))" for i in range(30))
    project.test(f"@pytest.mark.heap_limit(alloc_count=1)\ndef test_it():\n    kept = []\n{calls}\n")
    lines = [line.strip() for line in project.run().outlines]
    start = next(i for i, line in enumerate(lines) if "where the requests" in line)
    assert lines[start + 11] == "and 21 more lines with 21 allocs", lines[start : start + 14]
    assert lines[start + 12].endswith(" explained")


def test_measurements_that_nest_are_explained_each(project):
    project.test("""
@pytest.mark.heap_limit(alloc_count=1)
def test_it(heap):
    with heap.measuring("inner", alloc_count=1):
        kept = [[i] for i in range(30)]
""")
    result = project.run()
    result.assert_outcomes(failed=1)
    text = str(result.stdout)
    assert "where the requests of test_it.py::test_it come from" in text
    assert "where the requests of test_it.py::test_it#inner come from" in text


def test_a_run_that_differs_is_unsteady(project):
    project.test("""
runs = []
@pytest.mark.heap_limit(alloc_count=1, warmup=0)
def test_it():
    runs.append(1)
    kept = [bytes(100) for i in range(10 * len(runs))]
""")
    text = str(project.run().stdout)
    assert "explained; unsteady: this run had 2" in text and " as alloc_count" in text


def test_the_run_that_is_closest_to_the_measured_one_explains_it(project):
    project.test("""
runs = 0
@pytest.mark.heap_limit(alloc_count=1, warmup=0)
def test_it():
    global runs
    runs += 1
    kept = [bytes(100) for i in range(10 + 5 * (runs % 2))]
""")
    text = str(project.run().stdout)
    assert " explained" in text and "unsteady" not in text, text


def test_a_test_that_explains_itself_is_told_so(project):
    project.test("""
@pytest.mark.heap_limit(alloc_count=1)
def test_it():
    heapster.explain(list, range(30))
    kept = [[i] for i in range(30)]
""")
    result = project.run()
    result.assert_outcomes(failed=1)
    assert "Which lines made its requests is not known" in str(result.stdout)


def test_the_explaining_run_leaves_reports_and_properties_alone(project):
    project.test("""
import pytest
@pytest.fixture
def noisy():
    print("set up")
    yield
@pytest.mark.heap_limit(alloc_count=1)
def test_it(noisy, record_property):
    record_property("mine", 1)
    print("it ran")
    kept = [[i] for i in range(30)]
""")
    result = project.run("--junitxml=j.xml")
    result.assert_outcomes(failed=1)
    assert str(result.stdout).count("it ran") == 1
    assert (project.folder / "j.xml").read_text(encoding="utf-8").count('"mine"') == 1


def make_sites():
    def run():
        small = [object() for _ in range(20)]
        return small, bytes(5000)

    run()
    return heapster.explain(run, heap="python")[1], run.__code__.co_firstlineno


def test_lines_with_a_surplus_come_first():
    sites, line = make_sites()
    counted = sites.counted._asdict() if hasattr(sites.counted, "_asdict") else {
        name: getattr(sites.counted, name) for name in ("alloc_count", "realloc_growth_count")}  # fmt: skip
    prefixes = list_prefixes(os.path.dirname(__file__))
    plain = explain(sites, counted, None, False, prefixes)
    assert plain["lines"][0].endswith(f"test_plugin_explain.py:{line + 1} in " + plain["sites"][0]["function"])
    surplus = make_surplus({16: 3}, {16: 2, 4096: 1})
    ranked = explain(sites, counted, surplus, False, prefixes)
    assert ranked["sites"][0]["line"] == line + 2 and ranked["sum"] == plain["sum"]
    assert list_words(ranked)[-1].endswith("explained")


def test_paths_are_shown_without_the_folders_that_everybody_knows():
    prefixes = list_prefixes("/home/me/project")
    assert shorten("/home/me/project/page.py", prefixes) == "page.py"
    assert shorten(os.path.abspath(json.__file__), prefixes) == "json/__init__.py"
    assert shorten("/elsewhere/a.py", prefixes) == "/elsewhere/a.py"
