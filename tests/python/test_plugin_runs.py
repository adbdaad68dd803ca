"""How often a measured test runs. Each run is its whole protocol, and its outcome and surroundings stay the same."""

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

# A project that writes down what it does.
LOG = """
done = []
marked = pytest.mark.heap_limit(alloc_count=10**6)

@pytest.fixture(scope="module")
def module():
    done.append("module")
    yield
    done.append("/module")

@pytest.fixture
def function(module):
    done.append("function")
    yield
    done.append("/function")
"""


def test_a_marked_test_is_warmed_up_with_fresh_fixtures(project):
    project.test(LOG + """
@marked
def test_measured(function): done.append("test")
class TestMethods:
    @marked
    def test_instance(self):
        assert not vars(self)
        self.used = True
def test_runs():
    run = ["function", "test", "/function"]
    assert done == ["module", *run, *run]
""")
    project.run().assert_outcomes(passed=3)


@pytest.mark.parametrize("warmup", [0, 1, 4])
def test_the_first_run_or_a_later_one_is_measured(commanded, warmup):
    commanded.test(f"""
runs = []
@pytest.mark.heap_limit(heap="commanded", warmup={warmup})
def test_it():
    pytest.ask(len(runs))
    runs.append(1)
""")
    result, figures = commanded.figures()
    result.assert_outcomes(passed=1)
    assert figures["test_it"]["measured"]["figures"]["alloc_count"] == warmup


def test_cold_code_is_run_until_it_is_warm_before_it_fails(commanded):
    commanded.test("""
runs = []
@pytest.mark.parametrize("warm_at", [3, 9, 10, 20, 1000])
@pytest.mark.heap_limit(heap="commanded", alloc_count=5)
def test_it(warm_at):
    runs.append(warm_at)
    pytest.ask(5 if runs.count(warm_at) > warm_at else 6)
@pytest.mark.heap_limit(heap="commanded", alloc_count=5)
def test_far(): pytest.ask(500)
@pytest.mark.heap_limit(heap="commanded", alloc_count=5, warmup=0)
def test_cold():
    runs.append(0)
    pytest.ask(6 if runs.count(0) == 1 else 5)
""")
    result = commanded.run()
    result.assert_outcomes(passed=4, failed=3)
    result.stdout.fnmatch_lines(["It ran 22 times, after all other tests too.",
                                 "FAILED test_it.py::test_far*", "FAILED test_it.py::test_cold*",
                                 "FAILED test_it.py::test_it?1000?*"])


def test_a_test_that_does_not_pass_at_first_is_reported_and_not_run_again(project):
    project.test(LOG + """
pytestmark = marked
def test_fails(module): done.append("fails"); assert False, "as ever"
def test_skips(module): done.append("skips"); pytest.skip("for a reason")
@pytest.mark.xfail(strict=True)
def test_fails_as_expected(module): done.append("expected"); assert False
@pytest.fixture
def broken(): done.append("broken"); raise OSError("no such fixture")
def test_error(broken): pass
@pytest.fixture
def breaks(): yield; done.append("breaks"); raise OSError("no end")
def test_error_at_its_end(breaks): pass
""")
    project.test("import test_it\ndef test_order(): assert test_it.done == ['module', 'fails', 'skips', 'expected', "
                 "'broken', 'breaks', '/module']\n", "test_last")  # fmt: skip
    result = project.run("-rA", "test_it.py", "test_last.py")
    result.assert_outcomes(passed=2, failed=1, skipped=1, xfailed=1, errors=2)
    result.stdout.fnmatch_lines(["*as ever*", "*no such fixture*", "*no end*"])


def test_the_last_test_of_a_module_ends_the_module_even_if_it_fails(project):
    project.test(LOG + "@marked\ndef test_fails(module): assert False\n")
    project.test("import test_it\ndef test_after(): assert test_it.done[-1] == '/module'\n", "test_last")
    project.run("test_it.py", "test_last.py").assert_outcomes(failed=1, passed=1)


def test_a_teardown_of_a_module_that_fails_is_an_error_of_its_last_test(project):
    project.test("@pytest.fixture(scope='module')\ndef stuck(): yield; raise OSError('stuck')\n"
                 "@pytest.mark.heap_limit()\ndef test_skips(stuck): pytest.skip('early')\n")  # fmt: skip
    result = project.run()
    result.assert_outcomes(skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*OSError: stuck*"])


ONCE = "runs = []\ndef test_once():\n    runs.append(1)\n    assert len(runs) == 1\n"


def test_a_marked_test_that_cannot_run_twice_fails_with_advice(project):
    project.test(ONCE.replace("def", "@pytest.mark.heap_limit()\ndef"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*If it cannot run twice in a process: heap_limit(warmup=0)*"])


def test_an_unmarked_test_that_cannot_run_twice_passes_unmeasured(project):
    project.test(ONCE)
    result = project.run("--heap-all")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 test not measured (fails when it runs a second time): test_it.py::test_once"])


def test_properties_output_and_warnings_of_a_test_are_reported_once(project):
    project.test("""
import warnings
@pytest.mark.heap_limit()
def test_it(record_property):
    record_property("one", 1)
    print("said once")
    warnings.warn("warned once")
""")
    result = project.run("-rP", "--junitxml=junit.xml", "-o", "junit_family=xunit1")
    text = (project.folder / "junit.xml").read_text(encoding="utf-8")
    assert text.count('name="one"') == 1 and text.count('name="heap.alloc_count"') == 1
    assert str(result.stdout).count("said once") == 1
    result.assert_outcomes(passed=1, warnings=1)


def test_a_test_that_fails_at_once_keeps_its_warnings(project):
    project.test("import warnings\n@pytest.mark.heap_limit()\ndef test_it(): warnings.warn('before'); assert False\n")
    result = project.run()
    result.assert_outcomes(failed=1, warnings=1)
    result.stdout.fnmatch_lines(["*UserWarning: before"])


def test_the_collector_is_off_during_a_measurement_and_then_as_before(project):
    project.test("""
import gc
seen = []
@pytest.mark.heap_limit(warmup=0)
def test_measured(): seen.append(gc.isenabled())
@pytest.mark.heap_limit(warmup=0)
def test_that_fails(): assert False
def test_block(heap):
    with heap.measuring("block"):
        seen.append(gc.isenabled())
    assert gc.isenabled()
def test_after(): assert seen == [False, False] and gc.isenabled()
def test_off():
    gc.disable()
@pytest.mark.heap_limit(warmup=0)
def test_that_is_off(): pass
def test_still_off():
    assert not gc.isenabled() and not gc.get_freeze_count()
""")
    project.run().assert_outcomes(passed=6, failed=1)


def test_objects_that_a_program_froze_stay_frozen(project):
    project.test("import gc\n@pytest.mark.heap_limit()\ndef test_it(): pass\n"
                 "def test_after(): assert gc.get_freeze_count()\n"
                 "@pytest.fixture(autouse=True, scope='module')\ndef frozen(): gc.freeze()\n")  # fmt: skip
    project.run().assert_outcomes(passed=2)


def test_a_failure_shows_only_lines_of_the_test(project):
    project.test("@pytest.mark.heap_limit(warmup=0)\ndef test_it(tmp_path): assert tmp_path is None\n")
    result = project.run()
    assert "pytest_heapster" not in str(result.stdout).partition("FAILURES")[2].partition("=== heapster")[0]


def test_a_broken_limit_can_be_an_expected_failure(project):
    project.test("@pytest.mark.xfail\n@pytest.mark.heap_limit(alloc_count=0)\ndef test_it(): return_value = [object()]\n")
    project.run().assert_outcomes(xfailed=1)
