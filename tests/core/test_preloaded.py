"""heapster beside other preloaded libraries: what requests are passed on to, and what is said where none arrive."""

import json
import os
import shutil

import pytest
from run_support import BUILD, HEADING, PROGRAMS, execute, run

FOLDER = BUILD / "tests" / "preloaded"
ALLOCATORS = ("plain", "own_strings", "calls_memalign", "over_libc")
CHECKER = "libc_malloc_debug.so.0"
CHECKS = ({}, {"MALLOC_CHECK_": "3"}, {"MALLOC_PERTURB_": "7"})


def preloading(library, **variables):
    return {**os.environ, "LD_PRELOAD": str(library), **variables}


def in_front(library):
    """A shell's words that start the program with the library in front of what is preloaded."""
    return ["sh", "-c", f'LD_PRELOAD="{library} $LD_PRELOAD" exec {PROGRAMS}/allocates']


def require_checker():
    if "cannot be preloaded" in execute(["true"], env=preloading(CHECKER)).stderr:
        pytest.skip(f"{CHECKER} is not there")


def assert_figures_of_allocates(tmp_path, environment):
    """Returns what the program and its libraries wrote."""
    target = tmp_path / "report.json"
    ended = run(PROGRAMS / "allocates", options=["--format", "json", "--output", target], env=environment)
    assert ended.returncode == 3, ended
    report = json.loads(target.read_text())
    assert "malloc_problem" not in report
    found = report["heaps"]["malloc"]
    assert (found["alloc_count"], found["dealloc_count"], found["realloc_growth_count"]) == (1000, 500, 200)
    assert (found["unseen_alloc_count"], found["alloc_sum"]) == (0, 100_000)
    return ended.stderr


@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_each_request_is_counted_once_and_passed_on_to_the_next_allocator(tmp_path, allocator):
    written = assert_figures_of_allocates(tmp_path, preloading(FOLDER / f"{allocator}.so"))
    assert int(written.rsplit("served ", 1)[1]) >= 1000


@pytest.mark.parametrize("allocator", ("plain", "own_strings", "calls_memalign"))
def test_the_allocator_that_stands_in_front_is_named(allocator):
    text = run(*in_front(FOLDER / f"{allocator}.so")).stderr
    assert f"the allocator of {allocator}.so stands in front of it" in text[HEADING.search(text).end() :], text


def test_a_wrapper_in_front_that_leads_to_the_hook_is_no_problem():
    text = run(*in_front(FOLDER / "over_libc.so")).stderr
    assert "alloc_count: 1,000" in text and "not counted" not in text, text


def test_heapster_takes_its_pages_past_a_wrapper_that_allocates(tmp_path):
    target = tmp_path / "report.json"
    ended = run(PROGRAMS / "allocates", options=["--format", "json", "--output", target],
                env=preloading(FOLDER / "wraps_pages.so"))  # fmt: skip
    assert ended.returncode == 3, ended
    assert json.loads(target.read_text())["total"]["alloc_count"] >= 1000


@pytest.mark.parametrize("checks", CHECKS, ids=lambda checks: next(iter(checks), "none"))
def test_a_checker_behind_hidden_versions_counts_as_the_next_allocator(tmp_path, checks):
    require_checker()
    assert_figures_of_allocates(tmp_path, preloading(CHECKER, **checks))


def test_a_checker_in_front_that_leads_to_the_hook_is_no_problem():
    require_checker()
    text = run(*in_front(CHECKER)).stderr
    assert "alloc_count: 1,000" in text and "not counted" not in text, text


def test_valgrind_is_named_where_it_serves_the_requests():
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    text = run("valgrind", "-q", PROGRAMS / "allocates").stderr
    assert "valgrind serves them itself (vgpreload_memcheck" in text and "libheapster" not in text, text
