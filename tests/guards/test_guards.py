"""The verdict on made figures; the programs of the table, run without valgrind."""

import csv
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import guards

BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"]).resolve()
FOUND = {guard.name: guard.bound - 0.5 for guard in guards.GUARDS}


def judged(monkeypatch, found, *arguments):
    """The status of a run that finds these figures."""
    monkeypatch.setattr(guards, "find", lambda chosen, build: {guard.name: found[guard.name] for guard in chosen})
    return guards.main([str(BUILD), *map(str, arguments)])


def lines(capsys):
    return {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}


def with_bound(monkeypatch, name, bound):
    table = [guards.Guard(guard.name, bound if guard.name == name else guard.bound, guard.figure, guard.measured)
             for guard in guards.GUARDS]
    monkeypatch.setattr(guards, "GUARDS", table)


def test_figures_within_their_bounds_give_status_0(monkeypatch, capsys):
    assert judged(monkeypatch, FOUND) == 0
    assert all(" ok " in line for name, line in lines(capsys).items() if name != "guard")


@pytest.mark.parametrize("name", FOUND)
def test_bound_lowered_below_its_figure_is_broken_and_named(monkeypatch, capsys, name):
    with_bound(monkeypatch, name, math.ceil(FOUND[name]) - 1)
    assert judged(monkeypatch, FOUND) == 1
    assert [guard for guard, line in lines(capsys).items() if "BROKEN" in line] == [name]


def test_figure_at_its_bound_is_kept():
    assert guards.is_kept(112.0, 112)
    assert guards.is_kept(112.0001, 112)  # a byte more in a report at exit, over all operations
    assert not guards.is_kept(112.1, 112)


@pytest.mark.parametrize("found", [0, -0.5])
def test_figure_of_nothing_is_broken(monkeypatch, capsys, found):
    assert judged(monkeypatch, FOUND | {"preload": found}) == 1
    assert "BROKEN" in lines(capsys)["preload"]


def test_only_named_guards_are_judged(monkeypatch, capsys):
    assert judged(monkeypatch, FOUND | {"heap": 0}, "preload", "lua") == 0
    assert list(lines(capsys)) == ["guard", "preload", "lua"]


def test_unknown_name_gives_status_2_and_the_names(capsys):
    with pytest.raises(SystemExit) as ended:
        guards.main([str(BUILD), "prelaod"])
    assert ended.value.code == 2
    assert "no guard prelaod; there are: heap " in capsys.readouterr().err


def test_output_keeps_what_was_found(monkeypatch, tmp_path):
    judged(monkeypatch, FOUND, "preload", "--output", tmp_path / "found.csv")
    rows = list(csv.DictReader((tmp_path / "found.csv").open(encoding="utf-8")))
    bound = next(guard.bound for guard in guards.GUARDS if guard.name == "preload")
    assert rows == [{"guard": "preload", "found": f"{FOUND['preload']:.1f}", "bound": str(bound)}]


def test_names_are_different():
    assert len(FOUND) == len(guards.GUARDS)


def test_difference_of_figures_adds_and_subtracts_their_runs():
    first, second, third = (guards.Figure([(1, name)]) for name in "abc")
    assert (first - (second - third)).value({"a": 100, "b": 20, "c": 3}) == 83


RUNS = {run: None for guard in guards.GUARDS for _, run in guard.figure.signs}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{len(run.preload)} {' '.join(run.words[-2:])}")
def test_program_of_the_table_runs(run):
    words = [word.format(build=BUILD, python=sys.executable) for word in run.words]
    preload = ":".join(str(BUILD / library) for library in run.preload)
    done = subprocess.run(["env", f"LD_PRELOAD={preload}", *words, "100"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


REQUESTS = {
    "pairs": {"alloc_count": 1000},
    "foreign-pairs": {"alloc_count": 1000},
    "alternating-pairs": {"alloc_count": 1000},
    "calloc-pairs": {"alloc_count": 1000},
    "aligned-pairs": {"alloc_count": 1000},
    "growths": {"alloc_count": 1000, "realloc_growth_count": 1000, "realloc_growth_in_place_count": 1000},
    "moves": {"alloc_count": 1000, "realloc_growth_count": 1000, "realloc_move_count": 1000},
    "shrinks": {"alloc_count": 1000, "realloc_shrink_count": 1000, "realloc_shrink_in_place_count": 1000},
    "frees-from-another-thread": {"alloc_count": 1000},
    "threads-with-a-pair": {"alloc_count": 1000},
}
FIELDS = ["alloc_count", "realloc_growth_count", "realloc_growth_in_place_count", "realloc_shrink_count",
          "realloc_shrink_in_place_count", "realloc_move_count"]


def counted(pattern, operations, report):
    """The total that heapster counts while the pattern runs over the commanded allocator."""
    environment = {"LD_PRELOAD": str(BUILD / guards.COMMANDED)}
    subprocess.run(
        [BUILD / "bin/heapster", "run", "--format", "json", "--output", report, "--",
         BUILD / "tests/guards/malloc_requests", pattern, str(operations)],
        env=environment, check=True)
    total = json.loads(report.read_text("utf-8"))["total"]
    return {field: total[field] for field in FIELDS}


@pytest.mark.parametrize("pattern", REQUESTS)
def test_pattern_asks_for_what_it_says(pattern, tmp_path):
    once, twice = (counted(pattern, operations, tmp_path / "report") for operations in (1000, 2000))
    assert {field: twice[field] - once[field] for field in FIELDS} == dict.fromkeys(FIELDS, 0) | REQUESTS[pattern]


def test_resize_that_does_not_move_where_it_has_to_gives_no_figure():
    """Over glibc the last block of its heap grows where it is."""
    assert subprocess.run([BUILD / "tests/guards/malloc_requests", "moves", "100"], check=False).returncode == 1


needs_valgrind = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")


@needs_valgrind
def test_library_that_cannot_be_preloaded_gives_no_figure():
    with pytest.raises(SystemExit, match="cannot be preloaded"):
        guards.instructions([BUILD / "tests/guards/malloc_requests", "pairs", "100"], [BUILD / "lib/no_such.so"])


@needs_valgrind
def test_count_does_not_depend_on_the_callers_environment(monkeypatch):
    command = [BUILD / "tests/guards/malloc_requests", "pairs", "100"]
    before = guards.instructions(command)
    monkeypatch.setenv("VALGRIND_OPTS", "--no-such-option")
    monkeypatch.setenv("LD_PRELOAD", str(BUILD / guards.HOOK))
    monkeypatch.setenv("LONG", "x" * 10_000)
    assert guards.instructions(command) == before
