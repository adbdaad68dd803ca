"""Figures that hang on the hash seed: all second processes have the same one, which shows what changed besides."""

import json

import pytest
from plugin import commanded, commanded_library, project  # noqa: F401

pytest_plugins = ["pytester"]

# Only second processes have a seed that somebody chose. The file "seeds" has a line for each process.
TESTS = """
import os, pathlib
seed = os.environ.get("PYTHONHASHSEED")
with open(pathlib.Path(__file__).with_name("seeds"), "a") as file: file.write(f"{{seed}}\\n")
runs = []
@pytest.mark.heap_limit(heap="commanded")
def test_it():
    runs.append(1)  # nobody compares how large the blocks are
    pytest.ask({} if seed is None else {}, len(runs))
"""

NAMED = ("1 measurement outside what it may be here, but not with the hash seed of an update's second process, so not failed: "
         "test_it.py::test_it")  # fmt: skip

# As attrs does: a hash is written into code that is compiled, and the minus of a negative one is an object more.
SIGNS = """
@pytest.mark.heap_limit()
@pytest.mark.parametrize("name", [f"name{{number}}" for number in range({})])
def test_it(name):
    compile(f"value = hash(({{hash(name)}},))", "made", "exec")
    {}
"""


@pytest.fixture
def seeded(commanded, monkeypatch):  # noqa: F811
    """A project with a baseline of 5 blocks, under any seed."""
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    return update(commanded, 5, 5)


def take_seeds(project):  # noqa: F811
    path = project.folder / "seeds"
    seeds = path.read_text().split()
    path.unlink()
    return seeds


def update(project, count, count_of_seed):  # noqa: F811
    project.test(TESTS.format(count, count_of_seed))
    project.run("--heap-baseline=update").assert_outcomes(passed=1)
    return project


def entry(project):  # noqa: F811
    (entries,) = [each for key, each in json.loads(project.baseline.read_text("utf-8")).items() if " " in key]
    return entries["test_it.py::test_it"]


def test_second_processes_have_a_seed_of_their_own_and_it_is_always_the_same(seeded):
    _, seed = take_seeds(seeded)
    assert seed.isdecimal()
    seeded.test(TESTS.format(6, 6))
    seeded.run()
    assert take_seeds(seeded) == ["None", seed]


def test_what_is_too_high_with_another_seed_only_passes_and_is_named(seeded):
    take_seeds(seeded)
    seeded.test(TESTS.format(6, 5))
    result = seeded.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([NAMED])
    assert result.ret == 0 and len(take_seeds(seeded)) == 2
    _, found = seeded.figures("-q")
    assert found["test_it"]["state"] == "other seed" and found["test_it"]["measured"]["figures"]["alloc_count"] == 6


def test_a_block_more_fails_with_every_seed(seeded):
    seeded.test(TESTS.format(6, 6))
    result = seeded.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it: alloc_count: 6 is 1 above the baseline of 5 *",
                                 "In one more process, with a fixed hash seed, it fails as well."])  # fmt: skip


def test_a_failure_that_waited_for_a_second_process_names_its_line(seeded):
    seeded.test(TESTS.format(60, 60))
    wide = seeded.run("--tb=line", "-o", "heap_explain=off")
    seeded.test(TESTS.format(6, 6))
    narrow = seeded.run("--tb=line", "-o", "heap_explain=off")
    for result, figure in ((wide, 60), (narrow, 6)):
        result.stdout.fnmatch_lines([f"*/test_it.py:[0-9]: Failed: test_it.py::test_it: alloc_count: {figure} is * above*"])


def test_the_terminal_ends_with_a_failure_that_waited_for_a_second_process(seeded):
    seeded.test(TESTS.format(6, 6) + "def test_last(): pass\n")
    result = seeded.run("--tb=no")
    lines = [line.split() for line in result.outlines if line.startswith("test_it.py ")]
    assert lines == [["test_it.py", ".F", "[100%]"]]
    result = seeded.run("--tb=no", "-q")
    assert [line.split() for line in result.outlines if "%]" in line] == [[".F", "[100%]"]]


def test_below_the_baseline_fails_under_strict_only_if_the_seed_is_not_the_reason(seeded):
    seeded.test(TESTS.format(4, 5))
    seeded.run("--heap-strict").assert_outcomes(passed=1)
    seeded.test(TESTS.format(4, 4))
    seeded.run("--heap-strict").assert_outcomes(failed=1)


@pytest.mark.parametrize("why", ["a limit of a marker", "far above", "a chosen seed", "one process"])
def test_there_is_no_second_process_where_the_seed_decides_nothing(seeded, monkeypatch, why):
    take_seeds(seeded)
    text = TESTS.format(6, 5)
    if why == "a limit of a marker":
        text = text.replace('heap="commanded"', 'heap="commanded", alloc_count=5')
    if why == "far above":
        text = TESTS.format(50, 5)
    if why == "a chosen seed":
        monkeypatch.setenv("PYTHONHASHSEED", "7")
        text = TESTS.format(5, 6)
    if why == "one process":
        seeded.ini("heap_hash_seeds = 1")
    seeded.test(text)
    seeded.run().assert_outcomes(failed=1)
    assert len(take_seeds(seeded)) == 1


def test_an_update_keeps_the_line_of_what_only_another_seed_changes(seeded):
    before = seeded.baseline.read_bytes()
    take_seeds(seeded)
    for count, processes in ((6, 3), (4, 3), (5, 2)):
        update(seeded, count, 5)
        assert seeded.baseline.read_bytes() == before
        assert len(take_seeds(seeded)) == processes


def test_an_update_writes_what_changed_with_every_seed(seeded):
    take_seeds(seeded)
    update(seeded, 6, 6)
    assert entry(seeded)["alloc_count"] == 6 and "varies" not in entry(seeded)
    assert len(take_seeds(seeded)) == 2
    update(seeded, 30, 6)  # far above: a check would fail
    assert entry(seeded)["varies"] == {"alloc_count": [6, 30]}


def test_an_update_writes_what_is_above_in_the_order_of_the_files_whatever_the_seed(seeded):
    before = "ran = []\n@pytest.mark.heap_limit(heap='commanded')\ndef test_before(): ran.append(1)\n"
    seeded.test(before + TESTS.format(6, 6).replace("else 6", "else (6 if ran else 5)"))
    seeded.run("--heap-baseline=update").assert_outcomes(passed=2)
    assert entry(seeded)["varies"] == {"alloc_count": [5, 6]}


@pytest.fixture
def signs(project, monkeypatch):  # noqa: F811
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    project.test(SIGNS.format(40, ""))
    project.run("--heap-baseline=update").assert_outcomes(passed=40)
    return project


def test_the_sign_of_a_hash_fails_no_test_and_changes_no_line(signs):
    before = signs.baseline.read_bytes()
    for _ in range(2):
        signs.run().assert_outcomes(passed=40)
        signs.run("--heap-baseline=update").assert_outcomes(passed=40)
        assert signs.baseline.read_bytes() == before


def test_more_than_the_sign_of_a_hash_can_make_fails_every_test(signs):
    signs.test(SIGNS.format(3, "[object() for _ in range(4)]"))
    signs.run().assert_outcomes(failed=3)
