"""The committed baseline: made, compared and improved; missing entries; files that cannot be read or written."""

import json
import os
import re

import pytest
from plugin import ROOT, commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

# The test writes into a file how often the project asks.
TEST = """
import pathlib
counts = [int(line) for line in pathlib.Path(__file__).with_name("counts").read_text().split()]
@pytest.mark.parametrize("index", range(len(counts)))
@pytest.mark.heap_limit(heap="commanded")
def test_it(index): pytest.ask(counts[index], 100)
"""


@pytest.fixture
def counted(commanded):
    """A project whose tests ask as often as `counts` says."""
    commanded.test(TEST)

    def counts(*numbers):
        (commanded.folder / "counts").write_text(" ".join(map(str, numbers)), encoding="utf-8")

    commanded.counts = counts
    counts(10, 20)
    return commanded


def test_without_a_file_nothing_is_compared_and_the_summary_says_so(counted):
    result = counted.run("-q")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["2 measurements with no baseline to compare with: pytest --heap-baseline=update makes "
                                 "heapster-baseline.json, to be committed"])  # fmt: skip
    assert not counted.baseline.exists()
    counted.run("-q", "--heap-all").stdout.fnmatch_lines(["*: pytest --heap-baseline=update --heap-all makes *"])
    assert "baseline" not in str(counted.run("-q", "--heap-baseline=off").stdout)


def test_commands_are_for_the_folder_in_which_pytest_was_started(counted, monkeypatch):
    counted.ini()
    counted.run("--heap-baseline=update")
    counted.counts(10, 220)
    folder = counted.pytester.mkdir("below")
    monkeypatch.chdir(folder)
    result = counted.run("..")
    (line,) = [line for line in result.outlines if line.startswith("to accept it: ")]
    assert line == "to accept it: pytest --heap-baseline=update '../test_it.py::test_it[1]'"
    counted.run("--heap-baseline=update", "../test_it.py::test_it[1]").assert_outcomes(passed=1)
    counted.run("..").assert_outcomes(passed=2)


def test_an_update_writes_a_line_a_measurement_and_later_runs_compare(counted):
    counted.run("--heap-baseline=update").stdout.fnmatch_lines(["heapster-baseline.json: measurements written: 2"])
    lines = counted.baseline.read_text(encoding="utf-8").splitlines()
    assert lines[3] == ('"test_it.py::test_it[0]": {"alloc_count": 10, "realloc_growth_count": 0, "sizes": {"64": 10}},')
    assert re.fullmatch(r'"\w+-3\.\d+t? linux-\w+ rules-\d+ python": {', lines[2])
    result = counted.run()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*  test_it.py::test_it?1?  as the baseline"])
    counted.run("--heap-baseline=update")
    assert counted.baseline.read_text(encoding="utf-8").splitlines() == lines


def test_one_request_more_fails_and_the_message_names_test_field_numbers_and_bucket(counted):
    counted.run("--heap-baseline=update")
    counted.counts(10, 21)
    result = counted.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it?1?: alloc_count: 21 is 1 above the baseline of 20 "
                                 "(+1 in ?64 B .. 128 B))"])  # fmt: skip


def test_one_more_copy_of_a_list_in_a_loop_is_caught(project):
    body = ("def total(rows):\n    found = 0\n    for row in rows:\n        found += sum(row{copy})\n    return found\n"
            "@pytest.mark.heap_limit()\ndef test_total(): total([[1, 2, 3]] * 10)\n")  # fmt: skip
    project.test(body.format(copy=""))
    project.run("--heap-baseline=update").assert_outcomes(passed=1)
    project.test(body.format(copy="[:]"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r"test_it.py::test_total: alloc_count: \d+ is \d+ above the baseline of \d+ "
                                  r"\(\+\d+ in \[\d+ B \.\. \d+ B\)"])  # fmt: skip


def test_fewer_requests_are_an_improvement_that_only_strict_fails(counted):
    counted.run("--heap-baseline=update")
    counted.counts(10, 19)
    result = counted.run("-q")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["below the baseline, --heap-baseline=update keeps that:",
                                 "  test_it.py::test_it?1?: alloc_count 20 -> 19 (-1: -1 in ?64 B .. 128 B))"])  # fmt: skip
    result = counted.run("--heap-strict")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_it?1?: alloc_count: it is below the baseline; * (--heap-strict)"])


def test_a_measurement_without_an_entry_is_named_and_strict_fails_it(counted):
    counted.run("--heap-baseline=update")
    counted.counts(10, 20, 30)
    result = counted.run("-q")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["1 measurement without an entry in heapster-baseline.json for * python, made by "
                                 "--heap-baseline=update: test_it.py::test_it?2?"])  # fmt: skip
    counted.run("--heap-strict").assert_outcomes(passed=2, failed=1)
    counted.baseline.unlink()
    counted.run("--heap-baseline=check", "--heap-strict").assert_outcomes(failed=3)


def test_a_figure_that_an_entry_lacks_is_named_strict_fails_the_run_and_an_update_adds_it(counted):
    counted.run("--heap-baseline=update")
    kept = counted.baseline.read_text(encoding="utf-8")
    counted.baseline.write_text(kept.replace('"alloc_count": 10, ', ""), encoding="utf-8")
    counted.counts(99, 20)
    line = ("1 measurement of which the baseline lacks alloc_count, so it is not compared; --heap-baseline=update adds it: "
            "test_it.py::test_it?0?")  # fmt: skip
    for option in "-v", "-q":
        result = counted.run(option)
        assert result.ret == 0
        result.stdout.fnmatch_lines([line])
    strict = counted.run("--heap-strict")
    assert strict.ret == 1
    strict.stdout.fnmatch_lines(["heapster: baseline entries lack figures that are compared: 1 (--heap-strict)"])
    counted.ini("heap_tolerance = alloc_sum 10%")
    counted.run().stdout.fnmatch_lines(["1 measurement of which the baseline lacks alloc_count, alloc_sum, so they are *",
                                        "1 measurement of which the baseline lacks alloc_sum, *: *test_it?1?"])  # fmt: skip
    counted.counts(10, 20)
    counted.run("--heap-baseline=update")
    assert "the baseline lacks" not in str(counted.run("--heap-strict").stdout)
    assert '"alloc_count": 10, "alloc_sum": 1000' in counted.baseline.read_text(encoding="utf-8")


def test_an_update_of_some_tests_keeps_the_entries_of_others(counted):
    counted.run("--heap-baseline=update")
    counted.counts(11, 21)
    result = counted.run("--heap-baseline=update", "-k", "0")
    result.stdout.fnmatch_lines(["heapster-baseline.json: measurements written: 1, other entries kept: 1"])
    text = counted.baseline.read_text(encoding="utf-8")
    assert '"alloc_count": 11' in text and '"alloc_count": 20' in text


def test_entries_of_other_pythons_stay_and_are_not_compared(counted):
    counted.run("--heap-baseline=update")
    text = counted.baseline.read_text(encoding="utf-8")
    fingerprint = re.search(r'"(\S+-3\.\d+t? [^"]*)"', text)[1]
    other = text.replace(fingerprint, "cpython-2.7 amiga heapster-0.0.1 malloc").replace('": 10,', '": 1,')
    counted.baseline.write_text(other, encoding="utf-8")
    counted.run("-q").assert_outcomes(passed=2)
    counted.run("--heap-baseline=update")
    assert text.partition("\n")[2].partition("\n")[2].strip("}\n") in counted.baseline.read_text(encoding="utf-8")
    assert "amiga" in counted.baseline.read_text(encoding="utf-8")


def test_a_failed_test_writes_nothing(counted):
    counted.test(TEST.replace("heap_limit(", "heap_limit(alloc_count=15, "))
    counted.run("--heap-baseline=update").assert_outcomes(passed=1, failed=1)
    assert "[1]" not in counted.baseline.read_text(encoding="utf-8")


def test_tolerances_are_by_field_and_by_test(counted):
    counted.ini("heap_tolerance =", "    alloc_count 1", "    test_it.py::test_it[1] alloc_count 10%", "    alloc_sum 150")
    counted.run("--heap-baseline=update")
    counted.counts(11, 22)
    result = counted.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_it?1?: alloc_sum: 2.15 KiB is 200 B above the baseline of 1.95 KiB, tolerance 150 B*"])
    counted.counts(12, 20)
    counted.run().stdout.fnmatch_lines(["*test_it?0?: alloc_count: 12 is 2 above the baseline of 10, tolerance 1*"])
    counted.counts(9, 19)
    assert "below the baseline" not in str(counted.run().stdout)


def test_a_bad_tolerance_is_a_usage_error(counted):
    counted.ini("heap_tolerance = aloc_count 3")
    result = counted.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: heap_tolerance: 'aloc_count 3' is not ?TEST? FIELD AMOUNT, such as *"])


DAMAGES = {
    "cut short": (lambda text: text[: len(text) // 2], r"heapster-baseline.json:4:\d+: not JSON"),
    "not JSON": (lambda text: "count = 3\n", r"heapster-baseline.json:1:1: not JSON: Expecting value"),
    "twice": (lambda text: text.replace("test_it[1]", "test_it[0]"),
              r'heapster-baseline.json:5:1: "test_it.py::test_it\[0\]" stands here a second time'),
    "newer": (lambda text: text.replace('_baseline": 2', '_baseline": 3'),
              r"heapster-baseline.json:2:1: format 3 is of a newer heapster; this one reads 2"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("mode", ["check", "update"])
def test_a_file_that_cannot_be_read_is_named_and_never_overwritten(counted, damage, mode):
    counted.run("--heap-baseline=update")
    change, words = DAMAGES[damage]
    damaged = change(counted.baseline.read_text(encoding="utf-8"))
    counted.baseline.write_text(damaged, encoding="utf-8")
    result = counted.run("-q", f"--heap-baseline={mode}")
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    found = [line for line in result.outlines if re.search(words, line)]
    assert len(found) == 1 and found[0].endswith("the run goes on without it")
    assert counted.baseline.read_text(encoding="utf-8") == damaged


def test_a_file_that_cannot_be_written_is_named_with_status_1(counted):
    nowhere = f"/proc/{os.getpid()}/heapster-baseline.json"  # nobody makes a file there, not even root
    counted.baseline.symlink_to(nowhere)
    result = counted.run("-q", "--heap-baseline=update")
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["heapster: *heapster-baseline.json: cannot be written: *"])
    assert [path.name for path in counted.folder.glob(".heapster*")] == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only folders")
def test_a_read_only_folder_is_left_as_it_is(counted):
    counted.folder.chmod(0o555)
    result = counted.run("-q", "--heap-baseline=update")
    counted.folder.chmod(0o755)
    assert result.ret == 1 and not counted.baseline.exists()


def test_the_readmes_example_is_kept_and_one_block_more_is_caught(project):
    text = (ROOT / "python" / "pytest_heapster" / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    project.test(example)
    project.run("--heap-baseline=update").assert_outcomes(passed=3)
    project.run("--heap-strict").assert_outcomes(passed=3)
    project.test(example.replace("in text.split()", "in list(text.split())"))
    result = project.run()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.re_match_lines([r"test_it\.py::test_parse: alloc_count: \d+ is 1 above the baseline of \d+ \(\+1 in \["])


# What the test asks for in each of its runs, then the last for ever; the count that the update writes; what varies.
FALLING = [
    ([9, 8, 7, 6, 5], 5, None),
    ([5], 5, None),
    ([9] * 30 + [5], 9, None),  # too late: nothing fell for ten runs
    ([9, 8, 7, 6, 5, 5, 5, 5, 5, 5, 5, 4], 4, None),
    ([5, 4, 5, 6, 5, 5, 6, 6, 5, 6, 5, 6, 5, 6], 6, [5, 6]),  # a rare low counts for nothing
]


@pytest.mark.parametrize(("asked", "expected", "varies"), FALLING)
def test_a_baseline_is_made_of_what_a_figure_came_to(commanded, asked, expected, varies):
    commanded.test(f"""
asked = {asked}
runs = []
@pytest.mark.heap_limit(heap="commanded")
def test_it():
    runs.append(1)
    pytest.ask(asked[min(len(runs), len(asked)) - 1])
""")
    commanded.run("--heap-baseline=update").assert_outcomes(passed=1)
    (entries,) = [each for key, each in json.loads(commanded.baseline.read_text("utf-8")).items() if " " in key]
    assert entries["test_it.py::test_it"]["alloc_count"] == expected
    assert entries["test_it.py::test_it"].get("varies") == ({"alloc_count": varies} if varies else None)
