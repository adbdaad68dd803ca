"""Other threads beside a measured test: either the verdict is right or the test is reported as polluted."""

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

# The test asks three times, another thread five times meanwhile.
THREE_AND_FIVE = """
import threading
def both():
    thread = threading.Thread(target=pytest.ask, args=(5,))
    thread.start()
    pytest.ask(3)
    thread.join()
"""

VERDICTS = {
    "alloc_count=8": "passed",
    "alloc_count=7": "polluted",
    "alloc_count=3": "polluted",
    "alloc_count=2": "failed",
    "alloc_count=(8, 8)": "polluted",
    "alloc_count=3, scope='thread'": "passed",
    "alloc_count=2, scope='thread'": "failed",
    "alloc_count=8, own_threads=True": "passed",
    "alloc_count=7, own_threads=True": "failed",
}


@pytest.mark.parametrize("keys", VERDICTS)
def test_a_limit_between_the_figures_of_the_thread_and_the_process_is_in_doubt(commanded, keys):
    commanded.test(THREE_AND_FIVE + f"@pytest.mark.heap_limit({keys}, heap='commanded')\ndef test_it(): both()\n")
    result = commanded.run("-q")
    outcome = result.parseoutcomes()
    assert outcome == {VERDICTS[keys]: 1}
    assert result.ret == (1 if VERDICTS[keys] == "failed" else 0)
    if VERDICTS[keys] == "polluted":
        result.stdout.fnmatch_lines(["polluted: test_it.py::test_it: 10 operations were other threads'; *own_threads*"])


def test_a_limit_that_is_broken_only_within_the_error_of_the_peak_is_named(commanded):
    """Where the other thread's end comes at another moment, the peak is another one."""
    commanded.test("""
import threading
def both(size):
    block = pytest.leak(1, size)
    thread = threading.Thread(target=pytest.ask, args=(1, 10_000))
    thread.start()
    thread.join()
def near():
    with heapster.measuring("commanded") as m: both(5000)
    return pytest.mark.heap_limit(use_peak=m.diff.use_peak - 1, heap="commanded", own_threads=True)
@pytest.mark.parametrize("number", [pytest.param(number, marks=near()) for number in range(20)])
def test_near(number): both(5000)
@pytest.mark.heap_limit(use_peak=30_000, heap="commanded", own_threads=True)
def test_far(): both(5000)
""")
    result, figures = commanded.figures("-q")
    result.stdout.fnmatch_lines(["not judged: test_it.py::test_near?*?: use_peak: * above the limit of *, *may be off by *"])
    result.stdout.no_fnmatch_line("not judged: *test_far*")
    unjudged = {name: each["unjudged"] for name, each in figures.items()}
    assert not unjudged.pop("test_far") and all(figures[name]["state"] == "kept" for name in unjudged if unjudged[name])
    assert len([line for line in result.outlines if line.startswith("not judged: ")]) == sum(map(len, unjudged.values()))


def test_a_limit_kept_by_less_than_the_peak_may_be_off_is_said_once(commanded):
    commanded.test("""
import threading
def both(size):
    thread = threading.Thread(target=pytest.ask, args=(3, size))
    thread.start()
    pytest.ask(5, size)
    thread.join()
@pytest.mark.heap_limit(use_peak="11 KiB", heap="commanded", own_threads=True)
@pytest.mark.parametrize("number", range(20))
def test_near(number): both(5000)
@pytest.mark.heap_limit(use_peak=(1, 30_000), heap="commanded", own_threads=True)
def test_least(): both(5000)
@pytest.mark.heap_limit(use_peak="1 MiB", heap="commanded", own_threads=True)
def test_far(): both(5000)
@pytest.mark.heap_limit(use_peak=5000, heap="commanded", own_threads=True)
def test_alone(): pytest.ask(5, 5000)
""")
    result, figures = commanded.figures("-q")
    kept = [each for each in figures.values() if each["is_barely_kept"]]
    assert kept and all(each["state"] == "kept" and not each["unjudged"] for each in kept)
    assert not figures["test_far"]["is_barely_kept"] and not figures["test_alone"]["is_barely_kept"]
    lines = [line for line in result.outlines if "a limit on use_peak by less than" in line]
    assert len(lines) == 1 and lines[0].startswith(f"{len(kept)} measurement")


def test_a_failure_names_the_figure_of_the_tests_own_thread(commanded):
    commanded.test(THREE_AND_FIVE + "@pytest.mark.heap_limit(alloc_count=2, heap='commanded')\ndef test_it(): both()\n")
    commanded.run().stdout.fnmatch_lines(["*test_it: alloc_count: 3 is 1 above the limit of 2 *"])


def test_a_polluted_test_runs_again_until_it_is_clean(commanded):
    commanded.test(THREE_AND_FIVE + """
runs = []
@pytest.fixture
def fresh(): return []
@pytest.mark.parametrize("polluted_runs", [2, 3, 4])
@pytest.mark.heap_limit(alloc_count=3, heap="commanded", warmup=0, retries=3)
def test_it(polluted_runs, fresh):
    assert not fresh
    fresh.append(1)
    runs.append(polluted_runs)
    both() if runs.count(polluted_runs) <= polluted_runs else pytest.ask(3)
def test_runs(): assert [runs.count(n) for n in (2, 3, 4)] == [3, 4, 4]
""")
    assert commanded.run().parseoutcomes() == {"passed": 3, "polluted": 1}


def test_strict_fails_a_test_that_stays_polluted(commanded):
    commanded.test(THREE_AND_FIVE + "@pytest.mark.heap_limit(alloc_count=3, heap='commanded')\ndef test_it(): both()\n")
    result = commanded.run("--heap-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["polluted by other threads, not judged:", "*alloc_count: 8 is 5 above*"])


def test_a_polluted_figure_is_not_written_into_a_baseline(commanded):
    commanded.test(THREE_AND_FIVE + """
@pytest.mark.heap_limit(heap="commanded")
def test_polluted(): both()
@pytest.mark.heap_limit(heap="commanded", own_threads=True)
def test_own(): both()
""")
    result = commanded.run("--heap-baseline=update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["not written because it is polluted: *test_polluted*", "*measurements written: 1"])
    assert '"test_it.py::test_own": {"alloc_count": 8' in commanded.baseline.read_text(encoding="utf-8")


def test_frees_by_a_thread_do_not_hide_blocks_that_the_test_keeps(commanded):
    commanded.test("""
import threading
def freed_elsewhere():
    kept = [object() for _ in range(5000)]
    thread = threading.Thread(target=kept.clear)
    pytest.kept = [bytes(2000) for _ in range(50)]
    thread.start()
    thread.join()
@pytest.mark.heap_limit(live_change=20, heap="python", warmup=0)
def test_it(): freed_elsewhere()
""")
    assert "passed" not in commanded.run().parseoutcomes()


def test_a_polluted_figure_that_no_limit_judges_is_measured_again_too(commanded):
    commanded.test(THREE_AND_FIVE + """
runs = []
@pytest.mark.heap_limit(heap="commanded", warmup=0)
def test_it():
    runs.append(1)
    both() if len(runs) < 3 else pytest.ask(3)
@pytest.mark.heap_limit(heap="commanded")
def test_always(): both()
""")
    result, figures = commanded.figures()
    result.assert_outcomes(passed=2)
    assert figures["test_it"]["measured"]["figures"]["alloc_count"] == 3
    assert [figures["test_always"][key] for key in ("state", "is_in_doubt", "foreign_count")] == ["polluted", False, 10]


BUSY = """
import threading

@pytest.fixture(autouse=True, scope="session")
def busy():
    "Eight threads that never stop asking."
    is_over = threading.Event()
    def work():
        while not is_over.wait(0.0001):
            [bytes(size) for size in range(0, 900, 30)]
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads: thread.start()
    yield
    is_over.set()
    for thread in threads: thread.join()

def work(count):
    kept = [bytes(100) for _ in range(count)]
    return len(kept)

@pytest.mark.parametrize("count", range(5, 45))
@pytest.mark.heap_limit(alloc_count=40)
def test_count(count): work(count)

@pytest.mark.parametrize("count", [10, 1000])
@pytest.mark.heap_limit(use_peak=40_000, scope="process")
def test_peak(count): work(count)
"""


def test_beside_eight_busy_threads_each_verdict_is_right_or_polluted(project):
    quiet = "\n".join(["def work(count):"] + BUSY.partition("def work(count):\n")[2].splitlines())
    project.test(quiet)
    right = {name: each["state"] for name, each in project.figures()[1].items()}
    assert set(right.values()) == {"kept", "failed"}
    project.test(BUSY)
    found = {name: each["state"] for name, each in project.figures()[1].items()}
    assert found.keys() == right.keys()
    wrong = {name: state for name, state in found.items() if state not in (right[name], "polluted")}
    assert not wrong
