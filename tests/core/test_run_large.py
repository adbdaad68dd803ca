"""`heapster run --warn-above`: who requests more than that at once, and how much was not said."""

import re
import subprocess

import pytest
from run_support import HEAPSTER, PROGRAMS, assert_one_line, execute, run

LARGE = PROGRAMS / "large"
LINE = re.compile(r"^heapster: (.*) requested in heap malloc by (\S+)\+0x([0-9a-f]+) \(pid (\d+)\)(; before it .*)?$")
MIB = 1 << 20


def warned(*words, above="1MiB", options=(), **others):
    """The lines on standard error, without the report."""
    result = run(LARGE, *words, options=[f"--warn-above={above}", "--output=/dev/null", *options], **others)
    assert result.returncode == 0, result.stderr
    return result.stderr.splitlines()


def test_a_large_request_is_one_line_with_size_heap_and_place():
    lines = warned(MIB, MIB + 1, 3 * MIB)
    assert [LINE.match(line)[1] for line in lines] == ["1.00 MiB", "3 MiB"], lines
    assert {LINE.match(line)[2] for line in lines} == {str(LARGE)}


def test_the_place_is_what_addr2line_wants():
    [line] = warned(2 * MIB)
    function = execute(["addr2line", "-f", "-e", LARGE, "0x" + LINE.match(line)[3]]).stdout.splitlines()[0]
    assert function == "main"


@pytest.mark.parametrize("options", [[], ["--explain"]], ids=["plain", "explained"])
def test_a_growth_has_its_place_too(options):
    [line] = warned("grow", 3 * MIB, options=options)
    assert LINE.match(line) and LINE.match(line)[2] == str(LARGE), line


def test_what_is_not_said_comes_with_the_next_line_or_at_the_end():
    lines = warned(*[2 * MIB] * 4, 64 * MIB, 3 * MIB, 4 * MIB)
    assert len(lines) == 4 and LINE.match(lines[0]) and LINE.match(lines[1]), lines
    assert LINE.match(lines[2])[5] == "; before it 2 more, of up to 2 MiB"
    assert re.fullmatch(r"heapster: 2 more requests above 1 MiB, of up to 4 MiB \(pid \d+\)", lines[3]), lines


def test_one_more_is_a_request():
    last = warned(2 * MIB, MIB + 1)[-1]
    assert re.fullmatch(r"heapster: 1 more request above 1 MiB, of up to 1.00 MiB \(pid \d+\)", last)


@pytest.mark.parametrize("end", ["close", "_exit"])
def test_the_end_is_said_where_the_program_cannot(end):
    lines = warned(2 * MIB, MIB + 5, end, MIB + 7)
    assert re.fullmatch(r"heapster: (1 more request|2 more requests) above 1 MiB, of up to 1.00 MiB \(pid \d+\)", lines[-1]), lines


def test_each_process_says_its_own():
    lines = warned(2 * MIB, MIB + 1, "fork", 64 * MIB)
    parent = LINE.match(lines[0])[4]
    first, second = (LINE.match(line) for line in lines[1:])
    assert {first[4], second[4]} > {parent} and {first[1], second[1]} == {"64 MiB"}
    assert [match[5] for match in (first, second) if match[4] != parent] == [None]  # the parent's are the parent's
    assert [match[5] for match in (first, second) if match[4] == parent] == ["; before it 1 more, of up to 1.00 MiB"]


def test_a_child_without_a_report_says_its_end_itself():
    result = run("sh", "-c", f"{LARGE} {2 * MIB} {MIB + 1}; :", options=["-w", "1MiB", "--output=/dev/null"])
    assert [bool(LINE.match(line)) for line in result.stderr.splitlines()] == [True, False]
    assert "1 more request above 1 MiB, of up to 1.00 MiB" in result.stderr


def test_zero_is_off():
    assert warned(64 * MIB, above="0") == []
    assert warned(64 * MIB, options=["--warn-above=0"]) == []


def test_figures_are_the_same_with_and_without():
    words = [LARGE, *[2 * MIB] * 50, *[40000] * 50]
    reports = [run(*words, options=options).stderr for options in ([], ["--warn-above=32KiB"])]
    plain, watched = (re.sub(r"(?m)^heapster: .*\n", "", report) for report in reports)
    assert plain == watched and "requested in heap malloc" in reports[1]


@pytest.mark.parametrize("size", ["1e400", "-5", "abc", "1MiB ", "", "100", "4096", "32767", "nan", "9999999TiB", "1MiB,2"])
def test_what_is_no_size_to_watch_is_refused(size):
    result = execute([HEAPSTER, "run", "--warn-above", size, "--", "true"])
    assert result.returncode == 125
    assert_one_line(result.stderr, f"--warn-above is '{size}'", "a size from 32KiB on")


def test_a_size_that_nobody_checked_is_ignored():
    result = subprocess.run([HEAPSTER, "run", "-w", "1MiB", "-o", "/dev/null", "--", "env", "HEAPSTER_WARN_ABOVE=abc",
                             LARGE, str(2 * MIB)], capture_output=True, text=True, timeout=60, check=True)
    assert result.stderr == ""
