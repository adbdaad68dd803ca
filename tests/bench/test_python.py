"""The bench of Python's objects runs what it says; what it finds is not asserted."""

import os
import pathlib
import re
import subprocess
import sys
import types

import pytest

import callgrind
import from_pypi
import interleaved
import python

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])

# What a benchmark of pyperformance asks of pyperf, in either of the two ways.
ONE_VALUE = """
import pyperf
import beside

def value(who):
    print("value of", who)
    return [str(number) for number in range(beside.NUMBERS)]

if __name__ == "__main__":
    runner = pyperf.Runner(add_cmdline_args=print)
    runner.metadata["description"] = "One value"
    runner.argparser.add_argument("--who", default="anyone")
    args = runner.parse_args()
    runner.bench_func("one", value, args.who)
"""
TIMED = """
import pyperf

def timed(loops, who):
    begin = pyperf.perf_counter()
    for _ in range(loops):
        print("value of", who)
    return pyperf.perf_counter() - begin

if __name__ == "__main__":
    pyperf.Runner().bench_time_func("timed", timed, "anyone")
"""


def benchmark(folder, name, code):
    path = folder / f"bm_{name}" / "run_benchmark.py"
    path.parent.mkdir()
    path.write_text(code)
    (path.parent / "beside.py").write_text("NUMBERS = 20000\n")
    return path


def environment():
    return interleaved.environment_of_a_run({"PYTHONPATH": str(BUILD / "python"), "PYTHONHASHSEED": "0"})


@pytest.mark.parametrize("tool", ["nothing", "heapster"])
@pytest.mark.parametrize("code", [ONE_VALUE, TIMED], ids=["bench_func", "bench_time_func"])
@pytest.mark.parametrize(("values", "turns"), [(1, 3), (2, 2), (1, 0)])
def test_benchmark_takes_its_values_each_turn_and_then_its_seconds_are_printed(tmp_path, code, tool, values, turns):
    file = benchmark(tmp_path, "it", code)
    words = [sys.executable, HERE / "pyperf_program.py", file, str(values), tool]
    done = subprocess.run(
        words, input="\n" * turns, capture_output=True, text=True, check=False, env=environment(), timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["value of anyone"] * (values * turns)
    seconds = done.stdout.splitlines()
    assert len(seconds) == turns
    assert all(float(each) > 0 for each in seconds)


def test_each_benchmark_that_is_there_has_a_row_and_the_others_a_reason(tmp_path):
    code = ONE_VALUE.replace('print("value of", who)', "pass")
    for name in python.TEN:
        if name != "pyflate":
            benchmark(tmp_path, name, code)
    output = tmp_path / "python.csv"
    words = [sys.executable, HERE / "python.py", BUILD, "--quick", "--benchmarks", tmp_path, "--output", output]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    comments, rows = interleaved.read(output)
    found = {row["what"]: float(row["ratio"]) for row in rows}
    of_pyperformance = [name for name in found if name.startswith("pyperformance ")]
    assert of_pyperformance == [f"pyperformance {name}" for name in python.TEN if name != "pyflate"]
    assert min(found[name] for name in of_pyperformance) <= found["9 of pyperformance (geometric mean)"]
    assert f"missing: pyperformance pyflate: no {tmp_path}/bm_pyflate/run_benchmark.py" in comments
    assert not any(line.startswith("missing: pyperformance: ") for line in comments)


def test_without_pyperformance_its_rows_are_left_out_and_the_sheet_says_why(tmp_path):
    output = tmp_path / "python.csv"
    words = [sys.executable, HERE / "python.py", BUILD, "--quick", "--output", output]
    subprocess.run(words, capture_output=True, check=True, timeout=120)
    comments, rows = interleaved.read(output)
    assert {"missing: memray: left out by --quick", "missing: pyperformance: left out by --quick"} <= set(comments)
    assert not [row["what"] for row in rows if "pyperformance" in row["what"] or "memray" in row["what"]]


@pytest.mark.skipif(not interleaved.first_line("valgrind", "--version"), reason="valgrind is not installed")
def test_instructions_are_those_of_the_values_alone_and_the_hook_takes_some_more(tmp_path):
    file = benchmark(tmp_path, "it", ONE_VALUE)
    program = python.of_pyperformance(sys.executable, file, 1, 1)
    assert program.counted == (0, 1)
    ratio = python.Bench(BUILD, {"it": program}).instruction_ratios()["it"]
    assert 1 < ratio < 2


@pytest.mark.skipif(not interleaved.first_line("valgrind", "--version"), reason="valgrind is not installed")
def test_program_that_fails_under_callgrind_ends_the_bench_with_its_words():
    with pytest.raises(interleaved.Failed, match="(?s)status 3.*out of cheese"):
        callgrind.instructions(["sh", "-c", "echo out of cheese >&2; exit 3"], 1, environment())


def test_package_that_cannot_be_had_is_named_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    options = types.SimpleNamespace(build=tmp_path, quick=False)
    for _ in range(2):  # the folder is new, and then it is there
        interpreter, missing = from_pypi.installed(options, "pip", "heapster-there-is-no-such-package")
        assert list(missing) == ["heapster-there-is-no-such-package"]
        assert re.search("No matching distribution found", missing["heapster-there-is-no-such-package"])
        assert interpreter == str(tmp_path / "bench-packages/bin/python")


def test_interpreter_that_makes_no_virtual_environment_leaves_out_all_packages(tmp_path):
    (tmp_path / "bench-packages").write_text("in its place")
    interpreter, missing = from_pypi.installed(types.SimpleNamespace(build=tmp_path, quick=False), "memray", "pyperformance")
    assert interpreter == sys.executable
    assert list(missing) == ["memray", "pyperformance"]
    assert missing["memray"].startswith("no virtual environment (Debian's python3-venv): ")
