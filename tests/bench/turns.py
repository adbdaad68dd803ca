"""Living processes that take turns: one works, the others wait for a line on standard input.

A machine's speed changes by a factor of two within a second, so that two runs, one after the other, compare the machine
with itself. Turns of some 10 ms put each of its changes on both sides. A program here does a unit of its work for each line
that it reads, and prints the seconds of processor time that this took; when the lines end, it prints its last words.
"""

import argparse
import collections
import contextlib
import dataclasses
import math
import os
import pathlib
import select
import signal
import subprocess
import tempfile

import interleaved

ROUND = "BENCH_ROUND"  # in the environment of those who take turns: 1, 2, ...


@dataclasses.dataclass(frozen=True)
class Run:
    seconds: float  # of processor time, of all its turns
    last: list  # the lines that it printed in the end


@dataclasses.dataclass(frozen=True)
class Comparison:
    commands: list
    turns: int  # of each command in a round


def on_one_processor():
    """The last one: on two, turns would compare processors."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


class Living:
    """A program between its turns; as a context, killed with its children if it outlives the block."""

    def __init__(self, command, environment):
        self.words = [str(word) for word in command]
        self.errors = tempfile.TemporaryFile()
        try:
            self.child = subprocess.Popen(
                self.words, bufsize=0, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                start_new_session=True, preexec_fn=on_one_processor)  # fmt: skip
        except OSError as error:
            raise interleaved.Failed(f"{self.words[0]}: {error.strerror}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self.errors, self.child:
            if self.child.poll() is None:
                os.killpg(self.child.pid, signal.SIGKILL)

    def turn(self):
        """The seconds that it says it took."""
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.write(b"\n")
        said = self.answer()
        with contextlib.suppress(ValueError):
            if math.isfinite(seconds := float(said)) and seconds >= 0:
                return seconds
        raise self.failed(f"printed {said!r} where the seconds of its turn were to be")

    def answer(self):
        """What it prints up to the end of a line."""
        said = b""
        while not said.endswith(b"\n"):
            if not select.select([self.child.stdout], [], [], interleaved.LONGEST)[0]:
                raise self.failed(f"printed no line within {interleaved.LONGEST} seconds")
            more = self.child.stdout.read(4096)
            if not more:
                raise self.failed(f"ended in its turn with status {self.status()}")
            said += more
        return said.decode(errors="replace").rstrip("\n")

    def finish(self):
        """The lines that it prints when it has no more turns."""
        try:
            said, _ = self.child.communicate(timeout=interleaved.LONGEST)
        except subprocess.TimeoutExpired:
            raise self.failed(f"did not end within {interleaved.LONGEST} seconds of its last turn") from None
        if self.child.returncode:
            raise self.failed(f"ended with status {self.child.returncode}")
        return said.decode(errors="replace").splitlines()

    def status(self):
        """Of one that has closed its standard output."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.child.wait(1)
        return "unknown: it still runs"

    def failed(self, what):
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")[-2000:]
        return interleaved.Failed(f"{pathlib.Path(self.words[0]).name} {what}\n{' '.join(self.words)}\n{said}")


def raced(comparison, environment):
    """[Run, one a command] of fresh processes that go A B, B A, ... after a turn each that is not counted."""
    with contextlib.ExitStack() as all_living:
        living = [all_living.enter_context(Living(command, environment)) for command in comparison.commands]
        for program in living:
            program.turn()
        seconds = dict.fromkeys(living, 0.0)
        for programs in interleaved.there_and_back(living, comparison.turns):
            for program in programs:
                seconds[program] += program.turn()
        return [Run(seconds[program], program.finish()) for program in living]


def compared(comparisons, rounds, environment):
    """{name: [a command's runs, one a round; of each command]} of {name: Comparison}.

    Each round has processes of its own: where one's pages lie makes it faster or slower, for as long as it lives. Where its
    blocks lie in a page does so too, and is the same in all runs of a program: it is told the round, to make a difference.
    """
    count = collections.Counter()

    def race(name):
        count[name] += 1
        return raced(comparisons[name], environment | {ROUND: str(count[name])})

    taken = interleaved.in_turns(comparisons, rounds, race)
    return {name: list(zip(*runs)) for name, runs in taken.items()}


def at_least_one(word):
    """For argparse, which names the option."""
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word}: at least 1")
    return int(word)


def ratios(bare, other):
    """The seconds of each run over those of the bare run of its round."""
    return interleaved.ratios([run.seconds for run in other], [run.seconds for run in bare])
