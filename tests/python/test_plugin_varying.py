"""Figures that vary by themselves: an update finds them in a second process, and they are compared with what was seen."""

import json
import os

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

# The file "draws" holds how many processes have run the tests.
TESTS = """
import os, pathlib
draws = pathlib.Path(__file__).with_name("draws")
turn = len(draws.read_text()) if draws.exists() else 0
draws.write_text("x" * (turn + 1))
@pytest.mark.heap_limit(heap="commanded")
def test_steady(): pytest.ask(10)
@pytest.mark.heap_limit(heap="commanded")
def test_varies(): pytest.ask({})
"""


def entries(project):  # noqa: F811
    (found,) = [each for key, each in json.loads(project.baseline.read_text("utf-8")).items() if " " in key]
    return found


@pytest.fixture
def drawing(commanded):  # noqa: F811
    """A project whose second process asks for two blocks more."""
    commanded.test(TESTS.format("[20, 22][turn % 2]"))
    result = commanded.run("--heap-baseline=update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["1 measurement that varies by itself (the hash seed, the order of tests, or random "
                                 "numbers), compared with what was seen: test_it.py::test_varies"])  # fmt: skip
    return commanded


def test_an_update_marks_what_differs_in_a_second_process(drawing):
    found = entries(drawing)
    assert found["test_it.py::test_varies"]["varies"] == {"alloc_count": [20, 22]}
    assert found["test_it.py::test_steady"] == {"alloc_count": 10, "realloc_growth_count": 0, "sizes": {"0": 10}}


@pytest.mark.parametrize(("count", "outcome"), [(20, "passed"), (22, "passed"), (26, "passed"), (27, "failed"), (40, "failed")])
def test_it_may_be_above_what_was_seen_by_twice_its_distance(drawing, count, outcome):
    drawing.test(TESTS.format(count))
    result = drawing.run()
    result.assert_outcomes(**{"passed": 1 + (outcome == "passed"), "failed": int(outcome == "failed")})
    if outcome == "failed":
        result.stdout.fnmatch_lines([f"*test_varies: alloc_count: {count} is {count - 20} above the baseline of 20, which varies "
                                     "by itself (20 .. 22 were seen) (+*"])  # fmt: skip


def test_less_than_was_seen_is_an_improvement(drawing):
    drawing.test(TESTS.format(20))
    assert "below the baseline" not in str(drawing.run().stdout)
    drawing.test(TESTS.format(19))
    drawing.run().stdout.fnmatch_lines(["below the baseline*", "  test_it.py::test_varies: alloc_count 20 -> 19 *"])


def test_a_second_update_keeps_the_line_of_what_would_pass(drawing):
    text = drawing.baseline.read_bytes()
    for count in ("[22, 20][turn % 2]", "21", "26"):
        drawing.test(TESTS.format(count))
        drawing.run("--heap-baseline=update")
        assert drawing.baseline.read_bytes() == text
    drawing.test(TESTS.format("27"))
    drawing.run("--heap-baseline=update")
    assert drawing.baseline.read_bytes() != text


def test_the_second_process_has_another_hash_seed_and_writes_nothing(project):
    project.test("""
import pathlib
with open(pathlib.Path(__file__).with_name("seen"), "a") as file:
    file.write(f"{hash('text')}\\n")
@pytest.mark.heap_limit()
def test_it(): pass
""")
    options = ["--heap-baseline=update", "--junitxml=junit.xml", "--heap-report=json:report.json"]
    project.run(*options).assert_outcomes(passed=1)
    assert len({*(project.folder / "seen").read_text().split()}) == 2
    files = {path.name for path in project.folder.iterdir()}
    assert {"junit.xml", "report.json", "heapster-baseline.json"} <= files
    assert not any(name.startswith("figures") for name in files)


# As pytest-html, pytest-reportlog, pytest-json-report and allure-pytest do it.
WRITERS = """
import os
import pytest
OPTIONS = {"--html": "htmlpath", "--report-log": "report_log", "--json-report-file": "json_report_file",
           "--alluredir": "allure_report_dir"}
def pytest_addoption(parser):
    for option, name in OPTIONS.items():
        parser.addoption(option, dest=name)
@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    for name in OPTIONS.values():
        path = config.getoption(name)
        if path and path != "none":
            with open(path, "a") as file: file.write(f"{os.getpid()} ")
"""


def test_the_second_process_leaves_the_files_of_other_plugins_alone(project):
    project.pytester.makeconftest(WRITERS)
    project.ini("log_file = l.log")
    project.test("""
import logging, os
@pytest.mark.heap_limit()
def test_it(): logging.getLogger().error("pid %s.", os.getpid())
""")
    names = {"--html": "h", "--report-log": "r", "--json-report-file": "j", "--alluredir": "a"}
    project.run("--heap-baseline=update", *(f"{option}={name}" for option, name in names.items()))
    (process,) = {each for name in names.values() for each in (project.folder / name).read_text().split()}
    pids = {line.rpartition("pid ")[2] for line in (project.folder / "l.log").read_text().splitlines()}
    assert pids == {f"{process}."}


def test_there_is_a_second_process_without_a_terminal_too(project):
    project.test("""
import os, pathlib
with open(pathlib.Path(__file__).with_name("seen"), "a") as file: file.write(f"{os.getpid()} ")
@pytest.mark.heap_limit()
def test_it(): sorted(pathlib.Path(__file__).with_name("seen").read_text().split())
""")
    assert project.run("-p", "no:terminal", "--heap-baseline=update").ret == 0
    assert len((project.folder / "seen").read_text().split()) == 2
    assert '"varies"' in project.baseline.read_text(encoding="utf-8")


def test_the_second_process_has_the_environment_that_the_run_began_with(project):
    project.test("""
import os, pathlib
with open(pathlib.Path(__file__).with_name("seen"), "a") as file:
    file.write(" ".join(name for name in ("LEFT_BY_A_TEST", "LEFT_BY_A_LIBRARY") if name in os.environ) + ";")
@pytest.mark.heap_limit()
def test_it():
    os.environ["LEFT_BY_A_TEST"] = "1"
    os.putenv("LEFT_BY_A_LIBRARY", "1")  # as readline does with COLUMNS
""")
    project.run("--heap-baseline=update").assert_outcomes(passed=1)
    assert (project.folder / "seen").read_text() == ";;"


def test_what_hangs_on_the_tests_before_is_marked(commanded):
    commanded.test("""
ran = []
@pytest.mark.heap_limit(heap="commanded")
def test_first(): ran.append("first")
@pytest.mark.heap_limit(heap="commanded")
def test_second(): pytest.ask(5 if "first" in ran else 6)
""")
    commanded.run("--heap-baseline=update").assert_outcomes(passed=2)
    assert entries(commanded)["test_it.py::test_second"]["varies"] == {"alloc_count": [5, 6]}
    commanded.run("test_it.py::test_second").assert_outcomes(passed=1)


def test_a_set_of_strings_is_marked_and_a_list_is_not(project):
    project.test("""
words = [str(number) for number in range(200)]
@pytest.mark.heap_limit()
def test_set():
    for word in {*words}:
        if word > "2":
            object()
        if word == "77":
            break
@pytest.mark.heap_limit()
def test_list(): [object() for _ in words]
""")
    project.run("--heap-baseline=update").assert_outcomes(passed=2)
    found = entries(project)
    assert "varies" in found["test_it.py::test_set"] and "varies" not in found["test_it.py::test_list"]


@pytest.mark.parametrize("how", ["1 process", "a fixed seed"])
def test_one_process_is_enough_if_the_project_says_so(project, monkeypatch, how):
    project.test("import pathlib\nwith open(pathlib.Path(__file__).with_name('seen'), 'a') as file: file.write(str(hash('text')) + ' ')\n"
                 "@pytest.mark.heap_limit()\ndef test_it(): pass\n")  # fmt: skip
    if how == "1 process":
        project.ini("heap_hash_seeds = 1")
    else:
        monkeypatch.setenv("PYTHONHASHSEED", "7")
    project.run("--heap-baseline=update").assert_outcomes(passed=1)
    seen = (project.folder / "seen").read_text().split()
    assert len(seen) == (1 if how == "1 process" else 2) and len({*seen}) == 1


def test_a_second_process_that_fails_is_said_and_the_baseline_is_written(project):
    project.test("import os, sys\nif any('--heap-second' in word for word in sys.argv): os._exit(9)\n"
                 "@pytest.mark.heap_limit()\ndef test_it(): pass\n")  # fmt: skip
    result = project.run("--heap-baseline=update")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["heapster: what varies by itself is not known: a second process ended with status 9: *"])
    assert result.ret == 0 and "test_it" in project.baseline.read_text("utf-8")


# --- entries that read well in a pull request ---


def test_an_update_keeps_a_line_whose_figures_are_equal_within_their_tolerance(commanded):
    commanded.ini("heap_tolerance = alloc_count 2")
    for count, expected in ((10, 10), (12, 10), (8, 10), (13, 13)):
        commanded.test(f"@pytest.mark.heap_limit(heap='commanded')\ndef test_it(): pytest.ask({count})\n")
        commanded.run("--heap-baseline=update").assert_outcomes(passed=1)
        assert entries(commanded)["test_it.py::test_it"]["alloc_count"] == expected


def test_an_entry_holds_what_is_compared_and_what_the_project_asks_for(commanded):
    commanded.test("@pytest.mark.heap_limit(heap='commanded')\ndef test_it(): pytest.ask(10, 100)\n")
    commanded.run("--heap-baseline=update")
    assert [*entries(commanded)["test_it.py::test_it"]] == ["alloc_count", "realloc_growth_count", "sizes"]
    commanded.ini("heap_tolerance = use_peak 10%")
    commanded.run("--heap-baseline=update")
    assert [*entries(commanded)["test_it.py::test_it"]] == ["alloc_count", "realloc_growth_count", "use_peak", "sizes"]
    commanded.ini("heap_baseline_fields = alloc_sum use_peak")
    commanded.run("--heap-baseline=update")
    assert [*entries(commanded)["test_it.py::test_it"]] == ["alloc_count", "alloc_sum", "realloc_growth_count", "use_peak", "sizes"]
    commanded.ini("heap_baseline_fields = bytes")
    assert commanded.run().ret == 4


def test_a_file_of_the_first_format_is_read_and_its_fingerprint_is_that_of_the_first_rules(commanded):
    commanded.test("@pytest.mark.heap_limit(heap='commanded')\ndef test_it(): pytest.ask(10)\n")
    commanded.run("--heap-baseline=update")
    text = commanded.baseline.read_text("utf-8")
    old = text.replace('_baseline": 2', '_baseline": 1').replace("rules-1", "heapster-0.1.0")
    commanded.baseline.write_text(old, encoding="utf-8")
    commanded.run("--heap-strict").assert_outcomes(passed=1)
    commanded.run("--heap-baseline=update").assert_outcomes(passed=1)
    assert commanded.baseline.read_text("utf-8") == text
    newer = text.replace("rules-1", "rules-999")
    commanded.baseline.write_text(newer, encoding="utf-8")
    commanded.run("-q").stdout.fnmatch_lines(["1 measurement without an entry *"])


def test_the_command_that_accepts_a_change_is_quoted_and_measures_the_same(commanded):
    text = "@pytest.mark.parametrize('word', ['a b'])\ndef test_it(word): pytest.ask({})\n"
    commanded.ini("heap_hooks = python")
    commanded.test(text.format(1) + "def test_other(): pass\n")
    commanded.run("--heap-all", "--heap-baseline=update")
    commanded.test(text.format("[[], [1]][1] and 1") .replace("def test_it(word): ", "def test_it(word): [object() for _ in range(999)]; "))
    result = commanded.run("--heap-all")
    (line,) = [line for line in result.outlines if line.startswith("to accept it: ")]
    assert line == "to accept it: pytest --heap-baseline=update --heap-all 'test_it.py::test_it[a b]'"
    commanded.run("--heap-baseline=update", "--heap-all", "test_it.py::test_it[a b]").assert_outcomes(passed=1)
    commanded.run("--heap-all", "test_it.py::test_it[a b]").assert_outcomes(passed=1)
    assert os.path.exists(commanded.baseline)


def test_a_part_of_the_tests_has_a_second_process_too(commanded):  # noqa: F811
    commanded.test(TESTS.format("[20, 22][turn % 2]"))
    commanded.run("--heap-baseline=update", "-k", "varies").assert_outcomes(passed=1, deselected=1)
    assert entries(commanded)["test_it.py::test_varies"]["varies"] == {"alloc_count": [20, 22]}


def test_a_run_that_is_stopped_has_no_second_process(commanded):  # noqa: F811
    commanded.test(TESTS.format("[20, 22][turn % 2]") + "def test_fails(): assert False\n")
    commanded.run("--heap-baseline=update", "-x").assert_outcomes(passed=2, failed=1)
    assert (commanded.folder / "draws").read_text() == "x"


@pytest.mark.parametrize(("count", "varies"), [("6 if len(turns) == 8 else 5", None), ("5 + len(turns) % 2", {"alloc_count": [5, 6]})])
def test_one_run_of_many_that_asks_for_more_is_not_what_varies(commanded, count, varies):  # noqa: F811
    commanded.test(f"turns = []\n@pytest.mark.heap_limit(heap='commanded')\n"
                   f"def test_it():\n    turns.append(1)\n    pytest.ask({count})\n")  # fmt: skip
    commanded.run("--heap-baseline=update").assert_outcomes(passed=1)
    assert entries(commanded)["test_it.py::test_it"].get("varies") == varies
    commanded.run().assert_outcomes(passed=1)
