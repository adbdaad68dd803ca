"""Living processes take turns as they are told, and one that does not play ends the bench with its words."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

import interleaved
import turns

HERE = pathlib.Path(__file__).parent

# Notes each of its turns, by its name, in a file that all share.
NOTING = """
import sys
name, notes = sys.argv[1:]
for _ in sys.stdin:
    print(name, file=open(notes, "a"))
    print(0.25, flush=True)
print("last of", name)
print("the end")
"""
PLAYING = "import sys\nfor _ in sys.stdin: print(1, flush=True)\n"


def saying(code):
    return [sys.executable, "-c", code]


def raced(*codes, times=2):
    return turns.raced(turns.Comparison([saying(code) for code in codes], times), dict(os.environ))


def until(is_so):
    for _ in range(3000):
        if is_so():
            return
        time.sleep(0.01)
    pytest.fail("it did not come to be within 30 seconds")


@pytest.fixture
def living():
    """A function that starts a program; what it started is ended when the test is over."""
    started = []

    def start(code):
        started.append(turns.Living(saying(code), dict(os.environ)))
        return started[-1]

    yield start
    for program in started:
        program.__exit__()


def test_turns_go_there_and_back_after_one_of_each_that_is_not_counted(tmp_path):
    notes = tmp_path / "notes"
    commands = [[*saying(NOTING), name, notes] for name in "AB"]
    runs = turns.raced(turns.Comparison(commands, 3), dict(os.environ))
    assert notes.read_text().split() == ["A", "B", "A", "B", "B", "A", "A", "B"]
    assert runs == [turns.Run(0.75, ["last of A", "the end"]), turns.Run(0.75, ["last of B", "the end"])]


def test_each_round_has_processes_of_its_own_and_its_ratio_is_that_of_the_sums():
    alone, slower = (f"{PLAYING.replace('1', seconds)}import os; print(os.getpid())" for seconds in "23")
    bare, ours = turns.compared({"it": turns.Comparison([saying(alone), saying(slower)], 2)}, 3, dict(os.environ))["it"]
    assert len({run.last[0] for run in [*bare, *ours]}) == 6
    assert turns.ratios(bare, ours) == [1.5, 1.5, 1.5]


def test_all_of_a_round_are_told_which_it_is():
    code = PLAYING + "import os; print(os.environ['BENCH_ROUND'])"
    both = turns.compared({"it": turns.Comparison([saying(code), saying(code)], 1)}, 3, dict(os.environ))["it"]
    assert [[run.last[0] for run in runs] for runs in both] == [["1", "2", "3"]] * 2


def test_all_work_on_the_last_processor():
    code = PLAYING + "import os; print(os.sched_getaffinity(0))"
    assert [run.last for run in raced(code, code)] == [[str({max(os.sched_getaffinity(0))})]] * 2


def test_program_that_dies_in_its_second_turn_ends_the_bench_with_its_words():
    dying = "import sys\ninput(); print(1, flush=True); input(); sys.exit('out of cheese')"
    with pytest.raises(interleaved.Failed, match="(?s)^python.* ended in its turn with status 1\n.*-c.*out of cheese"):
        raced(PLAYING, dying)


def test_program_that_dies_when_the_turns_are_over_ends_the_bench_with_its_words():
    with pytest.raises(interleaved.Failed, match="(?s)ended with status 1\n.*out of cheese"):
        raced(PLAYING + "sys.exit('out of cheese')")


@pytest.mark.parametrize("nonsense", ["a second", "nan", "inf", "-1", "", "1\n2"])
def test_program_that_prints_no_seconds_is_named_with_what_it_printed(nonsense):
    with pytest.raises(interleaved.Failed, match=f"^python.* printed {re.escape(repr(nonsense))} where the seconds"):
        raced(f"import sys\nfor _ in sys.stdin: print({nonsense!r}, flush=True)")


@pytest.mark.parametrize(("code", "words"), [
    ("import time; time.sleep(60)", "printed no line within 0.2 seconds"),
    ("import time; print(1, end='', flush=True); time.sleep(60)", "printed no line within 0.2 seconds"),
    ("import time; print(1, flush=True); input(); time.sleep(60)", "did not end within 0.2 seconds of its last turn"),
    ("import os, time; os.close(1); time.sleep(60)", "status unknown: it still runs"),
])
def test_program_that_hangs_is_given_up(monkeypatch, code, words, living):
    program = living(code)
    monkeypatch.setattr(interleaved, "LONGEST", 0.2)
    with pytest.raises(interleaved.Failed, match=words):
        program.turn()
        program.finish()


def test_program_that_is_not_there_is_named():
    with pytest.raises(interleaved.Failed, match="no-such-program: No such file or directory"):
        turns.Living(["no-such-program"], dict(os.environ))


@pytest.mark.parametrize(("second_turn", "words"), [
    ("time.sleep(60)", "KeyboardInterrupt"),
    ("raise SystemExit(3)", "ended in its turn with status 3"),
], ids=["interrupted", "failed"])  # fmt: skip
def test_bench_that_ends_early_leaves_no_process(second_turn, words, tmp_path):
    pids = tmp_path / "pids"
    begin = f"import os, sys, time; print(os.getpid(), file=open({str(pids)!r}, 'a'))\n"
    programs = [saying(begin + PLAYING), saying(f"{begin}input(); print(1, flush=True); input(); {second_turn}")]
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell's `&` has it ignored
    racing = f"{heeding}; import turns; turns.raced(turns.Comparison({programs!r}, 1), None)"
    found_here = os.environ | {"PYTHONPATH": str(HERE)}
    with subprocess.Popen(saying(racing), env=found_here, stderr=subprocess.PIPE, text=True) as bench:
        until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        if words == "KeyboardInterrupt":
            bench.send_signal(signal.SIGINT)
        assert words in bench.communicate(timeout=30)[1]
    assert [pid for pid in pids.read_text().split() if pathlib.Path("/proc", pid).exists()] == []
