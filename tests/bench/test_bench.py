"""The bench runs and says what it found; what it finds is not asserted."""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import headline
import interleaved
import to_readme

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])
FOLDER = BUILD / "tests/bench"
GROUPS = ["micro", "instructions", "programs", "reading", "python", "lua", "frame_mark", "pytest"]


def bench(group, *arguments):
    command = [sys.executable, HERE / f"{group}.py", BUILD, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Every group, quick, kept in one folder."""
    folder = tmp_path_factory.mktemp("results")
    for group in GROUPS:
        done = bench(group, "--quick", "--output", folder / f"{group}.csv")
        assert done.returncode == 0, done.stderr
        assert done.stdout == (folder / f"{group}.csv").read_text()
    return folder


@pytest.mark.parametrize("group", GROUPS)
def test_sheet_begins_with_command_machine_and_versions_and_fills_its_columns(kept, group):
    lines = (kept / f"{group}.csv").read_text().splitlines()
    assert lines[0] == f"# ./dev bench {group} --quick"
    assert re.match(r"# \d{4}-\d\d-\d\d, .+, \d+ processors, Linux [\d.]+ \w+$", lines[1])
    assert lines[2].startswith("# glibc ")
    table = list(csv.reader(line for line in lines if not line.startswith("#")))
    assert len(table) > 1
    assert {len(row) for row in table} == {len(table[0])}
    assert len(set(table[0])) == len(table[0])


@pytest.mark.parametrize(("group", "ways"), [
    ("micro", ["pass-through", "heapster", "heapster shared", "memusage", "heaptrack", "Rust crate", "Rust crate, default features"]),
    ("programs", ["heapster", "memusage", "heaptrack"]),
])
def test_way_has_figures_or_a_reason_why_it_has_none(kept, group, ways):
    comments, rows = interleaved.read(kept / f"{group}.csv")
    for way in ways:
        is_missing = any(re.match(rf"missing: {way}: \S", line) for line in comments)
        assert is_missing != any(row["way"] == way for row in rows), way


def test_program_has_figures_or_a_reason_why_it_has_none(kept):
    comments, rows = interleaved.read(kept / "programs.csv")
    for program in ["sqlite3", "lua5.4", "python3", "gcc", "git log", "redis"]:
        is_missing = any(line.startswith(f"missing: {program}: ") for line in comments)
        assert is_missing != any(row["program"] == program for row in rows), program


def test_promise_is_met_or_missed_by_what_was_kept_or_not_measured(kept, tmp_path):
    output = tmp_path / "headline.csv"
    done = bench("headline", "--results", kept, "--output", output)
    assert done.returncode == 0, done.stderr
    comments, rows = interleaved.read(output)
    assert comments[1] == interleaved.read(kept / "micro.csv")[0][1]
    assert [row["figure"] for row in rows] == [promise.figure for promise in headline.PROMISES]
    for row, promise in zip(rows, headline.PROMISES):
        if row["verdict"] == "not measured":
            assert row["by measurement"]
        else:
            assert row["verdict"] == headline.verdict(promise, float(row["found"]))
    assert any(row["verdict"] != "not measured" for row in rows)


def test_verdict_is_of_the_bound_and_a_figure_without_one_is_only_shown():
    at_most, below, unbound = (headline.Promise("", holds, 2, None) for holds in ("<=", "<", ""))
    assert [headline.verdict(at_most, value) for value in (2, 2.001)] == ["met", "missed"]
    assert [headline.verdict(below, value) for value in (1.999, 2)] == ["met", "missed"]
    assert headline.verdict(unbound, 100) == "shown"


def test_headline_goes_between_the_markers_of_a_readme_and_leaves_the_rest(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{to_readme.BEGIN}old\n{to_readme.END}\nafter\n")
    done = subprocess.run([sys.executable, HERE / "to_readme.py", readme], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = to_readme.table(interleaved.RESULTS / "headline.csv")
    assert readme.read_text() == f"before\n{to_readme.BEGIN}{table}{to_readme.END}\nafter\n"


def test_readme_without_markers_is_refused(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")
    done = subprocess.run([sys.executable, HERE / "to_readme.py", readme], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "<!-- figures: tests/bench/results/headline.csv -->" in done.stderr


def patterns():
    return subprocess.run([FOLDER / "micro"], capture_output=True, text=True, check=True, timeout=10).stdout.splitlines()


def test_there_are_eight_patterns():
    assert patterns() == ["churn", "churn short", "churn long", "live set", "growth by doubling", "growth by a tenth", "handing over", "cold heap"]


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("pattern", patterns())
def test_pattern_asks_for_what_it_says_and_frees_it(pattern, threads, tmp_path):
    report = tmp_path / "report.json"
    limit = "10ms" if pattern == "handing over" else "5000"
    subprocess.run([BUILD / "bin/heapster", "run", "--format", "json", "--output", report, "--",
                    FOLDER / "micro", pattern, str(threads), limit, "20000"],
                   check=True, stdout=subprocess.DEVNULL, timeout=60)  # fmt: skip
    stats = json.loads(report.read_text())["total"]
    done = stats["realloc_growth_count"] if pattern.startswith("growth") else stats["alloc_count"]
    assert done >= (1 if pattern == "handing over" else 5000)
    assert stats["live_count"] < 20 * threads  # what the threads themselves leave


@pytest.mark.parametrize("words", [
    ["churn"], ["nothing", "1", "100"], ["churn", "0", "100"], ["churn", "65", "100"], ["churn", "1", "0"],
    ["churn", "1", "10s"], ["churn", "1", "-"], ["handing over", "2", "100"], ["cold heap", "4", "100", "3"], ["churn", "1", "1", "9", "9"],
])
def test_pattern_that_cannot_be_run_is_refused_with_usage(words):
    done = subprocess.run([FOLDER / "micro", *words], capture_output=True, text=True, check=False, timeout=10)
    assert done.returncode == 2
    assert "THREADS 1 to 64" in done.stderr


@pytest.mark.parametrize(("arguments", "words"), [
    (["--rounds", "0"], "--rounds 0: at least 1"),
    (["--pattern", "nothing"], "there is no pattern nothing; there are churn, churn short, churn long, live set"),
])
def test_option_that_cannot_be_done_is_refused_by_name(arguments, words):
    done = bench("micro", *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_folder_that_is_no_build_tree_is_refused_by_name(tmp_path):
    done = subprocess.run([sys.executable, HERE / "micro.py", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{tmp_path} holds no built bench" in done.stderr


def test_peak_of_a_run_is_the_programs_and_not_the_benchs():
    runner = interleaved.Runner(BUILD)
    ballast = bytearray(b"x" * (64 << 20))
    small, large = runner.run(["true"]), runner.run([FOLDER / "footprint", "blocks", "1024", "32"])
    assert len(ballast) > small.peak
    assert 32 << 20 < large.peak < 48 << 20


def test_what_is_preloaded_is_preloaded_into_the_program_alone():
    parents = "tr '\\0' '\\n' </proc/$PPID/environ | grep ^LD_PRELOAD || echo nothing"
    command = ["sh", "-c", f"echo $LD_PRELOAD:$TIMED_PRELOAD; {parents}"]
    found = interleaved.Runner(BUILD).run(command, {"LD_PRELOAD": "libc.so.6"})
    assert found.output == "libc.so.6:\nnothing\n"


def test_program_that_fails_ends_the_bench_with_its_words():
    with pytest.raises(interleaved.Failed, match="(?s)sh ended with status 3.*out of cheese"):
        interleaved.Runner(BUILD).run(["sh", "-c", "echo out of cheese >&2; exit 3"])


def test_rounds_turn_the_order_of_their_cells():
    seen = []
    taken = interleaved.in_turns(["bare", "ours"], 3, lambda cell: seen.append(cell) or len(seen))
    assert seen == ["bare", "ours", "ours", "bare", "bare", "ours"]
    assert taken == {"bare": [1, 4, 5], "ours": [2, 3, 6]}


def test_median_stands_between_its_quartiles_and_nothing_measured_is_left_empty():
    assert interleaved.spread([4, 1, 2, 3, 100]).cells(0) == ["3", "2", "4"]
    assert interleaved.spread([7]).cells(0) == ["7", "7", "7"]
    assert interleaved.spread([]).cells() == ["", "", ""]


def test_share_of_a_whole_that_is_lost_in_the_noise_is_nothing():
    assert interleaved.share([1, 2], [4, 4]) == [0.25, 0.5]
    assert interleaved.share([1, 2], [-1, 0]) == []
    assert interleaved.share([1, 2, 3], [-4, 1, 4]) == []
