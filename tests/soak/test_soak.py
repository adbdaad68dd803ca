"""The soak's own judgement: a broken law, another output, another status and a missing report are each seen."""

import copy
import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import laws  # noqa: E402
import programs  # noqa: E402
import soak  # noqa: E402

BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "ls.json"
    command = [BUILD / "bin/heapster", "run", "-f", "json", "-o", path, "--", "ls", "/"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_real_report_keeps_every_law(report):
    assert laws.broken(report) == []


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("alloc_count", 1, "malloc: alloc_count"),
        ("realloc_growth_count", 1, "malloc: realloc_growth_count"),
        ("total_dealloc_sum", 1, "malloc: use_curr"),
        ("live_count", -1, "malloc: live_count"),
        ("use_max", -(1 << 40), "malloc: use_max"),
        ("realloc_same_count", 1, "total: realloc_same_count"),
    ],
)
def test_each_broken_law_is_named(report, field, change, words):
    broken = copy.deepcopy(report)
    broken["heaps"]["malloc"][field] += change
    assert any(line.startswith(words) for line in laws.broken(broken))


def test_a_process_that_is_not_counted_breaks_no_law():
    assert laws.broken({"total": None, "heaps": {}, "malloc_problem": "another allocator stands in front"}) == []


def test_another_output_or_status_and_no_report_differ(report):
    same = (0, b"one\ntwo\n")
    assert soak.judged(same, same, [report]) == ("same", [])
    assert soak.judged(same, (1, same[1]), [report]) == ("differs", ["status 0 without, 1 with"])
    assert soak.judged(same, (0, b"one\nthree\n"), [report]) == ("differs", ["- two", "+ three"])
    assert soak.judged(same, (0, b"two\none\n"), [report])[0] == "differs"
    assert soak.judged(same, same, []) == ("differs", ["no process reported"])


def test_a_program_is_run_with_and_without_and_every_process_reports():
    row = soak.run(programs.Program("two", ("test_two_processes.sh",), "a shell and its child"), "glibc", BUILD)
    assert (row["verdict"], row["lines"], row["status"], row["processes"]) == ("same", [], 3, 2)


def test_what_is_not_installed_is_left_out_with_its_reason():
    absent = programs.Program("absent", ("absent.sh",), "nothing", ("no-such-command",))
    assert soak.step(absent, "glibc", BUILD)["lines"] == ["no-such-command is not installed"]


def test_every_program_has_its_script():
    for program in programs.PROGRAMS:
        assert (HERE / "programs" / program.words[0]).is_file(), program
