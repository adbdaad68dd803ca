"""Beside benchmarks, and where malloc is counted by half. Here are the smallest stand-ins; the real plugins, from PyPI, are
in tests/cases and in with_plugins.py."""

import pytest
from plugin import project  # noqa: F401

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("module", ["pytest_benchmark.plugin", "pytest_codspeed.plugin"])
def test_a_benchmark_is_left_as_it_is_and_named(project, module):
    project.pytester.makeconftest(f"""
import pytest
@pytest.fixture
def benchmark(): return lambda fn: [fn() for _ in range(7)]
benchmark.__module__ = {module!r}
for name in ("__pytest_wrapped__", "_fixture_function"):
    if hasattr(benchmark, name):
        inner = getattr(benchmark, name)
        getattr(inner, "obj", inner).__module__ = {module!r}
""")
    project.test("runs = []\n@pytest.mark.heap_limit()\ndef test_bench(benchmark): benchmark(lambda: runs.append(1))\n"
                 "def test_plain(): assert len(runs) == 7\n")  # fmt: skip
    result = project.run("--heap-baseline=update", "--heap-all", "-o", "heap_hash_seeds=1")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["1 test not measured (a benchmark, which runs as often as the clock allows): "
                                 "test_it.py::test_bench"])  # fmt: skip
    assert "test_bench" not in project.baseline.read_text(encoding="utf-8")


def test_a_fixture_benchmark_of_the_projects_own_is_measured(project):
    project.test("@pytest.fixture\ndef benchmark(): pass\n@pytest.mark.heap_limit()\ndef test_it(benchmark): pass\n")
    _, figures = project.figures()
    assert figures["test_it"]["state"] == "kept"


HALF = """
import types
import pytest_heapster.measure as measure
def pytest_collection_finish():
    heapster = measure.heapster
    half = types.SimpleNamespace(malloc_problem="another tool took the calls of 3 libraries", python_way="import",
                                 malloc_way="attach", lua_way="none")
    measure.heapster = types.SimpleNamespace(**{**vars(heapster), "status": lambda: half})
"""


@pytest.mark.parametrize(("heap", "is_compared"), [(None, False), ("malloc", False), ("python", True)])
def test_while_malloc_is_counted_by_half_its_figures_are_not_compared(project, heap, is_compared):
    project.ini("heap_hooks = malloc python")
    test = f"@pytest.mark.heap_limit(heap={heap!r})\ndef test_it():\n    [object() for _ in range({{}})]\n"
    project.test(test.format(10))
    project.run("--heap-baseline=update").assert_outcomes(passed=1)
    text = project.baseline.read_bytes()
    project.pytester.makeconftest(HALF)
    project.test(test.format(500))
    result = project.run()
    if is_compared:
        result.assert_outcomes(failed=1)
        return
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 measurement not compared (malloc is not counted whole: another tool took the calls of 3 "
                                 "libraries): test_it.py::test_it"])  # fmt: skip
    project.run("--heap-baseline=update", "-o", "heap_hash_seeds=1")
    assert project.baseline.read_bytes() == text
    assert project.run("--heap-strict").ret == 1
