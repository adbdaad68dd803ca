"""The marker heap_limit: what it measures, where the boundary is, and which markers are refused."""

import importlib.util
import sys

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

BOUNDARIES = {
    "alloc_count": ("pytest.ask(7)", 7),
    "alloc_sum": ("pytest.ask(3, 1000)", 3000),
    "use_peak": ("pytest.ask(3, 1000)", 1000),
    "dealloc_count": ("pytest.ask(4)", 4),
    "realloc_growth_count": ("pytest.move(5)", 5),
    "realloc_move_count": ("pytest.move(6)", 6),
    "alloc_fail_count": ("pytest.be_refused(2)", 2),
    "live_change": ("pytest.leak(3)", 3),
    "use_change": ("pytest.leak(3, 50)", 150),
}


@pytest.mark.parametrize("field", BOUNDARIES)
def test_a_limit_passes_and_one_less_fails(commanded, field):
    body, figure = BOUNDARIES[field]
    for scope in ("process", "thread"):
        for allowed in (figure, figure - 1):
            commanded.test(f"@pytest.mark.heap_limit({field}={allowed}, heap='commanded', scope='{scope}')\n"
                           f"def test_it(): {body}\n", f"test_{scope}_{allowed}")  # fmt: skip
    result = commanded.run()
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines([f"test_*_{figure - 1}.py::test_it: {field}: * above the limit of *"] * 2)


def test_a_size_and_a_pair_limit_as_in_the_module(commanded):
    commanded.test("""
@pytest.mark.parametrize("size", [1024, 1025])
@pytest.mark.heap_limit(use_peak="1 KiB", heap="commanded")
def test_size(size): pytest.ask(1, size)

@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.heap_limit(alloc_count=(2, 3), heap="commanded")
def test_pair(count): pytest.ask(count)
""")
    result = commanded.run()
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines([
        "test_it.py::test_size?1025?: use_peak: 1.00 KiB is 1 B above the limit of 1 KiB",
        "test_it.py::test_pair?1?: alloc_count: 1 is 1 below the limit of 2",
        "test_it.py::test_pair?4?: alloc_count: 4 is 1 above the limit of 3 (+1 request in *",
    ])  # fmt: skip


def test_the_closest_marker_sets_a_key(commanded):
    commanded.test("""
pytestmark = pytest.mark.heap_limit(alloc_count=5, heap="commanded")

@pytest.mark.heap_limit(alloc_count=2, alloc_sum=100)
class TestInherited:
    def test_of_the_class(self): pytest.ask(3)
    @pytest.mark.heap_limit(alloc_count=3)
    def test_overridden(self): pytest.ask(3)
    @pytest.mark.heap_limit(alloc_count=None)
    def test_lifted(self): pytest.ask(50)
    @pytest.mark.heap_limit(alloc_count=3)
    def test_others_stay(self): pytest.ask(3, 100)

class TestBelow(TestInherited): pass

def test_of_the_module(): pytest.ask(5)
""")
    result = commanded.run()
    result.assert_outcomes(passed=5, failed=4)
    result.stdout.fnmatch_lines_random(["*TestBelow::test_of_the_class: alloc_count: 3 is 1 above the limit of 2*",
                                        "*test_others_stay: alloc_sum: 300 B is 200 B above the limit of 100 B"])  # fmt: skip


def test_an_empty_test_is_exactly_zero(project):
    plugins = ["heapster"]
    asynchronous = ""
    ninth = "" if sys.version_info >= (3, 14) else ", record_property"  # 3.14 asks for memory to pass it
    missing = []
    for package, plugin in (("pytest_asyncio", "asyncio"), ("anyio", "anyio")):
        if importlib.util.find_spec(package) is None:
            missing.append(package)
        else:
            plugins.append(plugin)
            asynchronous += f"@pytest.mark.{plugin}\nasync def test_{plugin}(tmp_path): pass\n"
    project.test(f"""
import unittest
pytestmark = pytest.mark.heap_limit(alloc_count=0, dealloc_count=0, realloc_same_count=0, use_peak=0, live_change=(0, 0))

@pytest.fixture
def anyio_backend(): return "asyncio"
@pytest.fixture(params=[1, 2])
def made(request): return [request.param]

def test_function(): pass
def test_many_fixtures(made, tmp_path, capsys, monkeypatch, request, recwarn, caplog, pytestconfig{ninth}): pass
@pytest.mark.parametrize("a,b,c", [(1, 2, 3)])
def test_parameters(a, b, c): pass
class TestMethods:
    def test_method(self, made): pass
    @staticmethod
    def test_static(made): pass
class CaseTest(unittest.TestCase):
    def test_case(self): pass
class CoroutineTest(unittest.IsolatedAsyncioTestCase):
    async def test_case(self): pass
{asynchronous}""")
    result, figures = project.figures("--heap-baseline=off", "-rA", plugins=plugins)
    result.assert_outcomes(passed=10 + asynchronous.count("async def"))
    assert all(each["measured"]["figures"]["alloc_count"] == 0 for each in figures.values())
    if missing:
        pytest.skip(f"all but the coroutines are tested: {' and '.join(missing)} is not installed")


def test_coroutines_are_judged_too(commanded):
    commanded.test("""
import unittest
class CoroutineTest(unittest.IsolatedAsyncioTestCase):
    @pytest.mark.heap_limit(alloc_count=2, heap="commanded")
    async def test_case(self): pytest.ask(3)
""")
    result = commanded.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_case: alloc_count: 3 is 1 above the limit of 2*"])


def test_a_marker_without_limits_only_measures(commanded):
    commanded.test("@pytest.mark.heap_limit(heap='commanded')\ndef test_it(): pytest.ask(9)\n")
    result, figures = commanded.figures()
    result.assert_outcomes(passed=1)
    assert figures["test_it"]["measured"] == {
        "figures": {"alloc_count": 9, "alloc_sum": 9, "realloc_growth_count": 0, "use_peak": 1}, "sizes": {"0": 9}, "varies": {}}  # fmt: skip


BAD = {
    "aloc_count=3": "unknown field \"aloc_count\"; did you mean alloc_count? fields: alloc_count, *own_threads",
    "explain=True": "unknown key 'explain'; keys: fields, such as alloc_count, and heap, *own_threads",
    "root='x', alloc_count=3": "unknown key 'root'; keys: *",
    "alloc_count=(1, 2, 3)": "alloc_count must be an int, or a pair of the least and the most, not a tuple of 3",
    "use_curr=3": "use_curr has no meaning in a window; use use_change",
    "3": "heap_limit takes keyword arguments, such as heap_limit(alloc_count=10)",
    "alloc_count='1 KiB'": "alloc_count must be an int, or a pair of the least and the most, not str",
    "use_peak='much'": "use_peak: 'much' is not a size such as *",
    "alloc_count=(3, 1)": "alloc_count: (3, 1) allows nothing: the least stands first",
    "scope='mine'": "scope must be \"process\" or \"thread\", not 'mine'",
    "heap=3": "heap must be None, a name or a heapster.Heap, not int",
    "warmup=-1": "warmup must be an int, 0 or more, not -1",
    "own_threads=1": "own_threads must be True or False, not 1",
}  # fmt: skip


@pytest.mark.parametrize("arguments", BAD)
def test_a_bad_marker_fails_at_collection(project, arguments):
    project.test(f"class TestIt:\n  @pytest.mark.heap_limit({arguments})\n  @pytest.mark.parametrize('n', range(9))\n"
                 "  def test_it(self, n): pass\n")  # fmt: skip
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines([f"test_it.py::TestIt::test_it: heap_limit: {BAD[arguments].replace('[', '?')}",
                                 "*1 error*"])  # fmt: skip
    assert len([line for line in result.outlines if line.startswith("test_it.py::TestIt::test_it: heap_limit")]) == 1


def test_a_heap_that_is_not_counted_is_an_error_of_the_test(project, monkeypatch):
    monkeypatch.setenv("HEAPSTER_HOOKS", "none")
    project.test("@pytest.mark.heap_limit(alloc_count=3)\ndef test_it(): pass\n"
                 "@pytest.mark.heap_limit(heap='nowhere')\ndef test_heap(): pass\n")  # fmt: skip
    result = project.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*NotCounting: nothing is counted; *heapster.status() tells more*", "*nowhere*"])


RAN_BEFORE = "*It passed when it ran the first time*"


@pytest.mark.parametrize("test", ["@pytest.mark.heap_limit(heap='malloc', alloc_count=3)\ndef test_it(): pass",
                                  "import unittest\nclass Test(unittest.TestCase):\n"
                                  "    @pytest.mark.heap_limit(heap='malloc', alloc_count=3)\n    def test_it(self): pass",
                                  "def test_it(heap): heap.measure(list, heap='malloc')",
                                  "@pytest.mark.heap_limit()\ndef test_it(heap): heap.measure(list, heap='malloc')"])  # fmt: skip
def test_malloc_that_is_not_hooked_advises_the_ini_line(project, test):
    project.test(test)
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*NotCounting: heap \"malloc\" is not counted*",
                                 "To count malloc in every run, add `heap_hooks = python malloc` to the ini file."])  # fmt: skip
    result.stdout.no_fnmatch_line(RAN_BEFORE)
    project.test(test.replace("alloc_count=3", "alloc_count=300"))
    project.ini("heap_hooks = python malloc")
    project.run().assert_outcomes(passed=1)


def test_a_heap_that_is_not_there_is_not_blamed_on_the_second_run(project):
    project.test("@pytest.mark.heap_limit(heap='nope', alloc_count=3)\ndef test_it(): pass")
    result = project.run()
    result.stdout.fnmatch_lines(["*UnknownHeap: no heap is called \"nope\"*"])
    result.stdout.no_fnmatch_line(RAN_BEFORE)
    assert "heap_hooks" not in str(result.stdout)


def test_a_test_that_cannot_run_twice_is_told_so(project):
    project.test("runs = []\n@pytest.mark.heap_limit(alloc_count=300)\ndef test_it():\n    runs.append(1)\n    assert len(runs) == 1")
    project.run().stdout.fnmatch_lines([RAN_BEFORE])


@pytest.mark.parametrize("name", ["heap_warmup", "heap_retries", "heap_steady_runs", "heap_hash_seeds"])
@pytest.mark.parametrize("text", ["", "-1", "1e3", "1" * 5000], ids=lambda text: text[:4])
def test_an_ini_value_that_is_no_number_is_refused_in_one_line(project, name, text):
    project.ini(f"{name} = {text}")
    project.test("@pytest.mark.heap_limit()\ndef test_it(): pass")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {name} must be a whole number, 0 or more, not '{text}'"])
