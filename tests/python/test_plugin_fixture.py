"""The fixture `heap`: several measurements in a test, each judged and recorded by its own name."""

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]


def test_a_function_is_warmed_up_and_measured(commanded):
    commanded.test("""
calls = []
def fn(*args):
    calls.append(args)
    pytest.ask(len(calls))
    return args
def test_once(heap):
    assert heap.measure(fn, 1, 2, heap="commanded") == (1, 2)
    assert calls == [(1, 2)] * 2
def test_never_and_often(heap):
    heap.measure(fn, name="cold", warmup=0, heap="commanded")
    heap.measure(fn, name="warm", warmup=3, heap="commanded")
    assert len(calls) == 7
""")
    result, figures = commanded.figures()
    result.assert_outcomes(passed=2)
    counts = {name: each["measured"]["figures"]["alloc_count"] for name, each in figures.items()}
    assert counts == {"test_once#fn": 2, "test_never_and_often#cold": 3, "test_never_and_often#warm": 7}


def test_a_block_is_measured_and_an_empty_one_is_zero(commanded):
    commanded.test("""
def test_it(heap):
    with heap.measuring("empty", alloc_count=0, dealloc_count=0, use_peak=0, live_change=(0, 0)) as m:
        pass
    assert m.diff.alloc_count == 0
    with heap.measuring("ask", heap="commanded", alloc_count=3):
        pytest.ask(3)
""")
    result, figures = commanded.figures()
    result.assert_outcomes(passed=1)
    assert figures["test_it#ask"]["measured"]["figures"]["alloc_count"] == 3


def test_each_measurement_has_its_own_verdict(commanded):
    commanded.test("""
def test_it(heap):
    heap.measure(pytest.ask, 3, name="first", heap="commanded", alloc_count=2)
    with heap.measuring("second", heap="commanded", alloc_count=4):
        pytest.ask(4)
    heap.measure(pytest.ask, 5, name="third", heap="commanded", alloc_count=4)
""")
    result, figures = commanded.figures()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it#first: alloc_count: 3 is 1 above the limit of 2*",
                                 "test_it.py::test_it#third: alloc_count: 5 is 1 above the limit of 4*"])  # fmt: skip
    states = [figures[f"test_it#{name}"]["state"] for name in ("first", "second", "third")]
    assert states == ["failed", "kept", "failed"]


def test_a_marked_test_may_measure_parts_of_itself(commanded):
    commanded.test("""
@pytest.mark.heap_limit(heap="commanded", alloc_count=5)
def test_it(heap):
    with heap.measuring("part", heap="commanded", alloc_count=2):
        pytest.ask(2)
    pytest.ask(3)
""")
    result, figures = commanded.figures()
    result.assert_outcomes(passed=1)
    assert {name: each["measured"]["figures"]["alloc_count"] for name, each in figures.items()} == {
        "test_it": 5, "test_it#part": 2}  # fmt: skip


MISUSES = {
    "heap.measure(len, ()); heap.measure(len, ())": "*ValueError: heap: 'len' was measured in this test already: give *",
    "heap.measure(len, (), alloc=3)": "*unknown field \"alloc\"*",
    "heap.measure(3)": "*heap.measure needs a function to call, not int",
    "heap.measure(len, (), name=5)": "*heap.measure needs a name that is a str, not 5",
    "heap.measuring('never used')": "*heap.measuring('never used') is for a with block*",
    "heap.measuring('')": "*heap.measuring needs a name*",
    "heap.measure(len, (), warmup='once')": "*warmup must be an int, 0 or more, not 'once'",
}


@pytest.mark.parametrize("body", MISUSES)
def test_a_misuse_is_named(project, body):
    project.test(f"def test_it(heap): {body}\n")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([MISUSES[body]])


def test_an_error_in_a_measured_function_is_the_tests_own(project):
    project.test("def test_it(heap):\n    with pytest.raises(ZeroDivisionError):\n        heap.measure(lambda: 1 / 0, warmup=0)\n"
                 "def test_fails(heap): heap.measure(lambda: 1 / 0)\n")  # fmt: skip
    project.run().assert_outcomes(passed=1, failed=1)


def test_a_fixture_asked_for_by_name_is_judged_when_the_test_has_ended(commanded):
    commanded.test("""
def test_it(request):
    request.getfixturevalue("heap").measure(pytest.ask, 3, heap="commanded", alloc_count=2)
""")
    result, figures = commanded.figures()
    result.assert_outcomes(passed=1, errors=1)
    assert figures["test_it#<lambda>"]["state"] == "failed"


def test_a_projects_own_fixture_of_that_name_is_left_alone(project):
    project.test("@pytest.fixture\ndef heap(): return 3\n"
                 "def test_it(heap):\n    import sys\n    assert heap == 3 and sys.modules['heapster'] is heapster\n")  # fmt: skip
    project.test("", "test_nothing")
    result = project.run()
    result.assert_outcomes(passed=1)
    assert "heapster:" not in str(result.stdout)
