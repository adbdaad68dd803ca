"""Entries of tests that are gone: an update over all tests drops them, one of some tests keeps them and says so."""

import importlib.util
import json

import pytest
from plugin import project  # noqa: F401

pytest_plugins = ["pytester"]

needs_xdist = pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="pytest-xdist is not installed")

MARKED = "@pytest.mark.heap_limit()\n"
TESTS = f"""
{MARKED}def test_stays(): pass
{MARKED}def test_goes(): pass
@pytest.mark.parametrize("word", ["a", "a#b"])
{MARKED}def test_word(word): pass
def test_parts(heap): heap.measure(int, name="part")
"""

FEWER = TESTS.replace("def test_goes", "def unused").replace(', "a#b"', "")
GONE = ["test_it.py::test_goes", "test_it.py::test_word[a#b]"]


@pytest.fixture
def shrunk(project):
    """A project with a baseline, two of whose tests are gone since."""
    (project.folder / "sub").mkdir()
    project.test(TESTS)
    project.test(f"{MARKED}def test_other(): pass\n", "sub/test_sub")
    project.run("--heap-baseline=update").assert_outcomes(passed=6)
    project.test(FEWER)
    return project


def names(project):
    """The names of all entries, without their fingerprints."""
    found = json.loads(project.baseline.read_text(encoding="utf-8"))
    return sorted(name for entries in found.values() if isinstance(entries, dict) for name in entries)


def test_an_update_over_all_tests_drops_the_entries_of_those_that_are_gone(shrunk):
    before = names(shrunk)
    shrunk.run("--heap-baseline=update").stdout.fnmatch_lines([
        "heapster-baseline.json: measurements written: 4, dropped because their tests are gone: 2"])  # fmt: skip
    assert names(shrunk) == [name for name in before if name not in GONE]


def test_entries_of_other_fingerprints_stay(shrunk):
    found = json.loads(shrunk.baseline.read_text(encoding="utf-8"))
    (ours,) = [key for key, value in found.items() if isinstance(value, dict)]
    found["cpython-2.7 amiga heapster-0.0.1 malloc"] = found[ours]
    shrunk.baseline.write_text(json.dumps(found), encoding="utf-8")
    shrunk.run("--heap-baseline=update")
    assert [names(shrunk).count(name) for name in GONE] == [1, 1]


def test_entries_of_tests_that_did_not_run_or_are_not_measured_any_more_stay(project):
    project.test(TESTS)
    project.run("--heap-baseline=update")
    project.test(TESTS.replace(f"{MARKED}def test_goes(): pass", "def test_goes(): pass")
                 .replace("def test_stays(): pass", "def test_stays(): pytest.skip()"))  # fmt: skip
    result = project.run("--heap-baseline=update")
    result.stdout.fnmatch_lines(["heapster-baseline.json: measurements written: 3, other entries kept: 2"])
    assert len(names(project)) == 5


CUT = {
    "-k": (["-k", "stays"], "tests were deselected"),
    "-m": (["-m", "heap_limit"], "tests were deselected"),
    "--deselect": (["--deselect", "test_it.py::test_stays"], "tests were deselected"),
    "-x": (["-x"], "the run was stopped"),
}


@pytest.mark.parametrize("how", CUT)
def test_an_update_of_some_tests_keeps_gone_entries_and_says_how_to_drop_them(shrunk, how):
    arguments, why = CUT[how]
    if how == "-x":
        shrunk.test(FEWER + "def test_last(): assert False\n")
    before = names(shrunk)
    result = shrunk.run("--heap-baseline=update", *arguments)
    result.stdout.fnmatch_lines([f"heapster-baseline.json: measurements written: *of tests that are gone: 2 (kept because {why}; "
                                 "an update over all tests drops them)*"])  # fmt: skip
    assert names(shrunk) == before


HIDDEN = {
    "a node id": (["test_it.py::test_stays"], "single tests were asked for"),
    "--ignore": (["--ignore", "sub"], "--ignore was given"),
    "--lf": (["--lf", "-p", "cacheprovider"], "--lf was given"),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_an_update_that_cannot_know_what_is_gone_says_so(shrunk, how):
    arguments, why = HIDDEN[how]
    before = names(shrunk)
    result = shrunk.run("--heap-baseline=update", *arguments)
    result.stdout.fnmatch_lines([f"heapster-baseline.json: measurements written: *other entries kept: * (because {why}; *"])
    assert names(shrunk) == before


def test_an_update_of_a_folder_drops_what_is_gone_from_it(shrunk):
    before = names(shrunk)
    shrunk.run("--heap-baseline=update", "sub")
    assert names(shrunk) == before
    (shrunk.folder / "sub" / "test_sub.py").unlink()
    shrunk.test(f"{MARKED}def test_new(): pass\n", "sub/test_more")
    shrunk.run("--heap-baseline=update", "sub")
    assert names(shrunk) == sorted({*before, "sub/test_more.py::test_new"} - {"sub/test_sub.py::test_other"})


def test_a_module_that_is_skipped_or_broken_keeps_its_entries(shrunk):
    before = names(shrunk)
    for line in ("pytest.skip('not here', allow_module_level=True)", "raise OSError"):
        shrunk.test(line, "sub/test_sub")
        shrunk.run("--heap-baseline=update", "--continue-on-collection-errors")
        assert names(shrunk) == [name for name in before if name not in GONE]


def test_a_run_that_compares_names_the_entries_of_gone_tests(shrunk):
    shrunk.run().stdout.fnmatch_lines([
        "2 entries in heapster-baseline.json of tests that are gone, dropped by --heap-baseline=update over all tests: "
        "test_it.py::test_goes, test_it.py::test_word?a#b?"])  # fmt: skip
    assert "are gone" not in str(shrunk.run("-q").stdout)
    shrunk.test(TESTS)
    assert "are gone" not in str(shrunk.run().stdout)


@needs_xdist
def test_tests_that_workers_collect_are_not_gone(shrunk):
    before = names(shrunk)
    shrunk.run("-n", "2", "--heap-baseline=update", plugins=("heapster", "xdist")).stdout.fnmatch_lines([
        "heapster-baseline.json: measurements written: 4, dropped because their tests are gone: 2"])  # fmt: skip
    assert names(shrunk) == [name for name in before if name not in GONE]


@needs_xdist
def test_an_update_that_lost_a_worker_drops_nothing(shrunk):
    shrunk.test(FEWER + "import os\ndef test_dies(): os._exit(3)\n")
    before = names(shrunk)
    shrunk.run("-n", "2", "--heap-baseline=update", plugins=("heapster", "xdist")).stdout.fnmatch_lines([
        "*of tests that are gone: 2 (kept because a worker of xdist was lost; *"])  # fmt: skip
    assert names(shrunk) == before
