"""heapster in one process with other allocators: what cannot be counted is said, and never shown as zeros."""

import json
import os

import pytest
from run_support import BUILD, HEADING, IS_EMULATED, PROGRAMS, execute, library, run

OTHERS = ("jemalloc", "mimalloc", "tcmalloc_minimal")
LIBRARY = BUILD / "lib" / "libheapster_malloc.so"
SANITIZER = "a sanitizer in the process brings its own allocator"
WITHOUT_HOOK = {"allocates_own_malloc": "the allocator of allocates_own_malloc stands in front of it"}
if not IS_EMULATED:  # there sanitizers do not run
    WITHOUT_HOOK |= {"allocates_under_asan": SANITIZER, "allocates_under_tsan": SANITIZER}


def in_front(allocator, program):
    """A shell's words that start the program with an allocator in front of what is preloaded."""
    return ["sh", "-c", f'LD_PRELOAD="{library(allocator)} $LD_PRELOAD" exec {program}']


def assert_said(text, reason):
    """One line in place of figures."""
    lines = text[HEADING.search(text).end() :].strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("malloc is not counted") and reason in lines[0], text


@pytest.mark.parametrize("program", WITHOUT_HOOK)
def test_program_that_brings_its_own_allocator_runs_and_is_not_shown_as_zeros(program):
    result = run(PROGRAMS / program)
    assert result.returncode == execute([PROGRAMS / program]).returncode == 3
    assert_said(result.stderr, WITHOUT_HOOK[program])


@pytest.mark.parametrize("allocator", OTHERS)
def test_allocator_preloaded_in_front_is_named_and_not_shown_as_zeros(allocator):
    result = run(*in_front(allocator, PROGRAMS / "allocates"))
    assert result.returncode == 3
    assert_said(result.stderr, f"the allocator of lib{allocator}.so")


@pytest.mark.parametrize("program", WITHOUT_HOOK)
def test_json_has_no_total_where_nothing_is_counted_and_says_why(program):
    report = json.loads(run(PROGRAMS / program, options=["--format", "json"]).stderr)
    assert (report["total"], report["heaps"]) == (None, {})
    assert WITHOUT_HOOK[program] in report["malloc_problem"]


def test_prometheus_has_no_series_where_nothing_is_counted():
    report = run(PROGRAMS / "allocates_own_malloc", options=["--format", "prometheus"]).stderr
    assert "heapster_allocs_total{" not in report


def test_json_of_a_counted_program_has_no_problem():
    report = json.loads(run(PROGRAMS / "allocates", options=["--format", "json"]).stderr)
    assert report["total"]["alloc_count"] == 1000 and "malloc_problem" not in report


@pytest.mark.parametrize("allocator", OTHERS)
def test_cxx_program_under_an_allocator_in_front_ends_as_it_does_alone(allocator):
    bare = execute([PROGRAMS / "exact_new"], env={**os.environ, "LD_PRELOAD": library(allocator)})
    result = run(*in_front(allocator, PROGRAMS / "exact_new"))
    assert (result.returncode, result.stdout) == (bare.returncode, bare.stdout)


def test_what_the_user_asks_of_asan_comes_last_and_counts():
    environment = {**os.environ, "ASAN_OPTIONS": "verbosity=0"}
    result = run("sh", "-c", "echo $ASAN_OPTIONS", env=environment)
    assert result.stdout == "verify_asan_link_order=0:verbosity=0\n"


@pytest.mark.parametrize("allocator", OTHERS)
def test_library_preloaded_in_the_wrong_order_without_the_command_harms_nothing(allocator):
    environment = {**os.environ, "LD_PRELOAD": f"{library(allocator)} {LIBRARY}"}
    assert execute([PROGRAMS / "allocates"], env=environment).returncode == 3
