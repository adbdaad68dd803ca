"""`heapster run --explain`: which callers asked most, named, and that every request is explained."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from run_support import HEAPSTER, PROGRAMS, assert_one_line, execute, run

SUMMARY = re.compile(r"^callers that asked most: (\d+) of (\d+); ([\d,]+) of ([\d,]+) allocs and growths explained$", re.M)


def explain(*program, number="", **others):
    """The document of a program, explained."""
    result = run(*program, options=[f"--explain{number}", "--format=json", "--output=/dev/stdout"], **others)
    return json.loads(result.stdout[result.stdout.index('{"heapster"') :])


def assert_whole(document):
    """All requests are explained, and where all sites are shown they add up."""
    total, explained = document["total"], document["explained"]
    for name, figure in explained.items():
        assert figure == total[name], name
        if document["site_count"] == len(document["sites"]):
            assert sum(site[name] for site in document["sites"]) == figure, name
    for site in document["sites"]:  # threads that start or end count elsewhere, in no histogram
        assert sum(site["alloc_histogram"]) == site["alloc_count"] or site["kind"] == "elsewhere"


def test_callers_have_their_figures_and_their_names():
    document = explain(PROGRAMS / "exact")
    assert_whole(document)
    malloc, realloc = document["sites"]
    assert [site["function"] for site in document["sites"]] == ["main", "main"]
    assert malloc["alloc_count"] == 1000 and malloc["alloc_sum"] == 100_000 and malloc["alloc_histogram"][6] == 1000
    assert malloc["live_count"] == 500 and malloc["live_sum"] == 200 * 5000 + 300 * 100  # resized blocks stay its own
    assert realloc["realloc_growth_count"] == 200 and realloc["realloc_growth_sum"] == 200 * 4900
    assert malloc["file"] == str(PROGRAMS / "exact") and malloc["offset"] != realloc["offset"]


@pytest.mark.skipif(not shutil.which("addr2line"), reason="addr2line is not installed")
def test_callers_have_source_lines_where_there_is_debug_information():
    malloc, realloc = explain(PROGRAMS / "exact")["sites"]
    assert malloc["source"].endswith("programs/exact.c") and malloc["line"] == 6 and realloc["line"] == 8


def test_callers_of_a_stripped_program_have_its_name_and_an_offset(tmp_path):
    shutil.copy(PROGRAMS / "exact", tmp_path / "bare")
    subprocess.run(["strip", tmp_path / "bare"], check=True)
    text = run(tmp_path / "bare", options=["--explain"]).stderr
    assert re.search(r"^ 1,000 .*  bare\+0x[0-9a-f]+$", text, re.M), text


def test_every_new_is_explained_by_its_caller():
    document = explain(PROGRAMS / "exact_new", number="=100")
    assert_whole(document)
    assert document["sites"][0]["alloc_count"] == 1000
    assert sum(site["file"] == str(PROGRAMS / "exact_new") for site in document["sites"]) >= 10


def test_text_has_as_many_callers_as_were_asked_for():
    result = run("ls", "/", options=["--explain=3"])
    shown, every, explained, counted = SUMMARY.search(result.stderr).groups()
    assert shown == "3" and int(every) > 3 and explained == counted
    assert len(result.stderr[SUMMARY.search(result.stderr).end() :].strip().split("\n")) == 1 + 3


def test_without_the_option_there_are_no_callers():
    assert "callers" not in run(PROGRAMS / "exact").stderr
    assert "HEAPSTER_EXPLAIN" not in run("env").stdout


def test_programs_end_as_without_it():
    for program in (["false"], ["sh", "-c", "kill -TERM $$"], [PROGRAMS / "ends_twice"]):
        assert run(*program, options=["--explain"]).returncode == run(*program).returncode


@pytest.mark.parametrize("way", ["return", "_exit"])
def test_a_sandboxed_program_is_explained(way):
    if execute([PROGRAMS / "sandboxes", "kill", way]).returncode == 77:
        pytest.skip("no seccomp here")
    document = explain(PROGRAMS / "sandboxes", "kill", way)
    assert_whole(document)
    assert document["sites"][0]["alloc_count"] == 1000


def test_a_small_stack_is_enough():
    result = run(PROGRAMS / "small_stack", PROGRAMS / "allocates", options=["--explain"])
    assert result.returncode == 3 and SUMMARY.search(result.stderr)


def test_threads_and_forks_are_explained_as_a_whole(tmp_path):
    threads = "import threading as t; a = [t.Thread(target=lambda: [bytes(i) for i in range(5000)]) for _ in range(8)]"
    assert_whole(explain(sys.executable, "-c", f"{threads}; [each.start() for each in a]; [each.join() for each in a]"))
    run(PROGRAMS / "forks", options=["--explain", "--format=json", f"--output={tmp_path}/%p"])
    documents = [json.loads(file.read_text()) for file in tmp_path.glob("[0-9]*")]
    assert len(documents) > 1
    for document in documents:
        assert_whole(document)


def test_a_snapshot_has_callers_too(tmp_path):
    command = [HEAPSTER, "run", "--explain", "--every=0.05", "--", "timeout", "-s", "KILL", "0.5", "perl", "-e",
               "my @x; push @x, 'a' x 100 while 1"]  # fmt: skip
    assert SUMMARY.search(execute(command).stderr)


@pytest.mark.parametrize("number", ["0", "101", "-1", "ten", "", "1e1", "99999999999999999999"])
def test_a_number_that_is_none_is_refused(number):
    result = execute([HEAPSTER, "run", f"--explain={number}", "--", "true"])
    assert result.returncode == 125
    assert_one_line(result.stderr, "--explain", "1 to 100")


def test_prometheus_has_no_callers():
    result = execute([HEAPSTER, "run", "--explain", "--format=prometheus", "--", "true"])
    assert result.returncode == 125
    assert_one_line(result.stderr, "--explain", "prometheus")
