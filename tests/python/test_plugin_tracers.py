"""Beside tracers: what traces or profiles the tests is paused while they are measured, or the measurement is not compared.

The tracers here do what coverage's do: they make objects of their own for each line. coverage itself is in tests/cases.
"""

import pytest
from plugin import project  # noqa: F401

pytest_plugins = ["pytester"]

LIBRARY = "def numbers(count):\n    found = []\n    for number in range(count):\n        found.append({'number': number})\n    return found\n"

TESTS = """
from library import numbers
def test_many(): numbers(100)
def test_few(): numbers(10)
class TestMethods:
    def test_method(self): numbers(20)
"""

# A conftest whose tracer is on from the set-up of each test on, and which writes down the lines that it saw.
TRACER = """
import os, sys, threading
lines = {{}}
def trace(frame, event, argument):
    lines.setdefault((os.path.basename(frame.f_code.co_filename), frame.f_lineno), object())
    return trace
def pytest_runtest_setup():
    {start}
def pytest_runtest_teardown():
    assert {get} is trace
    {stop}
def pytest_sessionfinish():
    with open("lines", "w") as file:
        file.write(" ".join(str(line) for name, line in sorted(lines) if name == "library.py"))
"""
TRACERS = {
    "settrace": TRACER.format(start="sys.settrace(trace)", get="sys.gettrace()", stop="sys.settrace(None)"),
    "setprofile": TRACER.format(start="sys.setprofile(trace)", get="sys.getprofile()", stop="sys.setprofile(None)"),
}


@pytest.fixture
def traced(project):  # noqa: F811
    """A project with a baseline that was made without a tracer."""
    project.pytester.makepyfile(library=LIBRARY)
    project.test(TESTS)
    project.run("--heap-all", "--heap-baseline=update").assert_outcomes(passed=3)
    return project


@pytest.mark.parametrize("tracer", TRACERS)
def test_tests_of_unchanged_code_pass_under_a_tracer_that_sees_every_line(traced, tracer):
    traced.pytester.makeconftest(TRACERS[tracer])
    result = traced.run("--heap-all", "--heap-strict")
    result.assert_outcomes(passed=3)
    assert "not compared" not in str(result.stdout)
    if tracer == "settrace":
        assert (traced.folder / "lines").read_text() == "1 2 3 4 5"


def test_a_baseline_made_under_a_tracer_holds_without_it(traced):
    traced.baseline.unlink()
    traced.pytester.makeconftest(TRACERS["settrace"])
    traced.run("--heap-all", "--heap-baseline=update").assert_outcomes(passed=3)
    traced.pytester.makeconftest("")
    traced.run("--heap-all", "--heap-strict").assert_outcomes(passed=3)


def test_threads_that_begin_in_the_window_are_not_traced_and_those_after_it_are(project):
    project.pytester.makeconftest("""
import sys, threading
def trace(frame, event, argument): return trace
def pytest_sessionstart():
    sys.settrace(trace)
    threading.settrace(trace)
""")
    project.test("""
import sys, threading
seen = []
@pytest.mark.heap_limit(own_threads=True)
def test_it():
    thread = threading.Thread(target=lambda: seen.append(sys.gettrace()))
    thread.start()
    thread.join()
def test_after():
    assert [each is None for each in seen] == [False, True]
    assert sys.gettrace() and threading._trace_hook is sys.gettrace()
""")
    project.run().assert_outcomes(passed=2)


def test_a_first_run_is_traced_and_so_not_compared(traced):
    traced.test(TESTS.replace("def test_many", "@pytest.mark.heap_limit(warmup=0, alloc_count=1)\ndef test_many"))
    traced.run("--heap-all").assert_outcomes(passed=2, failed=1)
    traced.pytester.makeconftest(TRACERS["settrace"])
    result = traced.run("--heap-all")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["1 measurement not compared (a tracer ran inside it: trace): test_it.py::test_many"])
    assert traced.run("--heap-all", "--heap-strict").ret == 1


def test_a_measured_function_is_warm_and_a_block_is_traced_unless_its_test_is_warm(project):
    text = "@pytest.fixture\ndef marked(): pass\ndef test_it(heap):\n    heap.measure(list, 'abc', name='function')\n" \
           "    with heap.measuring('block'):\n        [object() for _ in range(5)]\n"  # fmt: skip
    project.test(text)
    project.pytester.makeconftest(TRACERS["settrace"])
    for marker, expected in (("", "uncompared"), ("@pytest.mark.heap_limit()\n", "kept")):
        project.test(text.replace("def test_it", marker + "def test_it"))
        result, figures = project.figures()
        result.assert_outcomes(passed=1)
        assert figures["test_it#function"]["state"] == "kept"
        assert figures["test_it#block"]["state"] == expected


def test_a_profiler_that_is_no_function_cannot_be_paused_and_is_named(project):
    project.test("@pytest.mark.heap_limit(alloc_count=1)\ndef test_it(): [object() for _ in range(9)]\n")
    project.pytester.makeconftest("import cProfile\nprofile = cProfile.Profile()\n"
                                  "def pytest_runtest_setup(): profile.enable()\n"
                                  "def pytest_runtest_teardown(): profile.disable()\n")  # fmt: skip
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 measurement not compared (a tracer ran inside it: *Profile*): test_it.py::test_it"])


def test_a_coroutine_is_measured_without_the_tracer_and_traced_again_afterwards(project):
    project.test("import asyncio\n@pytest.mark.heap_limit()\n@pytest.mark.asyncio\nasync def test_it():\n"
                 "    await asyncio.sleep(0)\n    [object() for _ in range(9)]\n")  # fmt: skip
    pytest.importorskip("pytest_asyncio")
    project.run("--heap-baseline=update", plugins=("heapster", "asyncio")).assert_outcomes(passed=1)
    project.pytester.makeconftest(TRACERS["settrace"])
    project.run("--heap-strict", plugins=("heapster", "asyncio")).assert_outcomes(passed=1)


def test_memray_has_a_profiler_that_python_does_not_show_and_is_named(project):
    project.test("@pytest.mark.heap_limit(alloc_count=1)\ndef test_it(): [object() for _ in range(9)]\n")
    project.pytester.makeconftest("import threading\ndef start_thread_trace(*arguments): pass\n"
                                  "start_thread_trace.__module__ = 'memray._memray'\n"
                                  "def pytest_runtest_setup(): threading.setprofile(start_thread_trace)\n"
                                  "def pytest_runtest_teardown(): threading.setprofile(None)\n")  # fmt: skip
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 measurement not compared (a tracer ran inside it: memray): test_it.py::test_it"])
