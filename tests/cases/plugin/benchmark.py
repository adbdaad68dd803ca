"""Tests of pytest-benchmark, which calls them as often as the clock allows: they are run once, and have no entry in the
baseline, for no later run could repeat it."""

import json
from pathlib import Path

from verdict import pytest, verdict, virtual_environment

python = virtual_environment("pytest", "pytest-benchmark")
Path("test_bench.py").write_text("""
def work():
    return [1] * 10


def test_bench(benchmark):
    benchmark(work)


def test_pedantic(benchmark):
    benchmark.pedantic(work, rounds=5, iterations=10)


def test_plain():
    work()
""")
options = ["--heap-all", "--heap-baseline=update", "--benchmark-max-time=0.05", "--benchmark-json=bench.json"]
pytest(*options, "test_bench.py", python=python, plugins=["pytest_benchmark.plugin"])
entries = len(json.loads(Path("bench.json").read_text())["benchmarks"])
is_kept = "test_bench.py::test_bench" in Path("heapster-baseline.json").read_text()
verdict(
    entries == 2 and not is_kept, f"{entries} entries of 2 benchmarks, {'in' if is_kept else 'not in'} the baseline"
)
