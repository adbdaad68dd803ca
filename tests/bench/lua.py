"""What the hook of a Lua state costs: allocation-heavy programs with `require "heapster"` against the same without.

Interleaved, without and with in turns: each ratio is of two neighbouring runs, and the median of all is what counts. Time
is the processor's, so that other programs disturb it less; instructions are those of a round once the program has warmed up,
by callgrind, which nothing disturbs. Written as CSV. It does not show what a heap of gigabytes adds.
"""

import argparse
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess

from churn import machine

PROGRAMS = ("binary_trees", "string_building", "table_growth")
SCRIPT = pathlib.Path(__file__).with_name("lua_programs.lua")


class Bench:
    def __init__(self, build, lua, rounds):
        clean = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "HEAPSTER_HOOKS")}
        self.environment = {**clean, "LUA_CPATH": str(build / "lua/?.so")}
        self.lua, self.rounds = lua, rounds

    def once(self, program, *tool):
        """Seconds, and the counts where heapster is at work."""
        command = [self.lua, str(SCRIPT), program, str(self.rounds), *tool]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True, text=True)
        seconds, *counts = done.stdout.splitlines()
        return float(seconds), counts

    def instructions(self, program, *tool):
        """Of one round, start and end of the process taken out; None without valgrind."""
        if not shutil.which("valgrind"):
            return None
        counts = []
        for rounds in (1, 4):
            command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.lua, str(SCRIPT), program, str(rounds)]
            done = subprocess.run([*command, *tool], env=self.environment, capture_output=True, check=True, text=True)
            counts.append(int(re.search(r"refs: +([\d,]+)", done.stderr)[1].replace(",", "")))
        return (counts[1] - counts[0]) / 3

    def version(self):
        return subprocess.run([self.lua, "-v"], capture_output=True, check=True, text=True).stdout.split("  ")[0]


def row(what, requests, instructions, ratios, must):
    low, median, high = statistics.quantiles(ratios, n=4)
    print(f"{what},{requests},{instructions and f'{instructions:.3f}'},{median:.3f},{must},{low:.3f},{high:.3f}", flush=True)


def instruction_ratio(bench, program):
    bare = bench.instructions(program)
    return bench.instructions(program, "heapster") / bare if bare else ""


def mean(ratios):
    return math.exp(statistics.mean(map(math.log, ratios)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--lua", default="lua5.4")
    parser.add_argument("--pairs", type=int, default=15, help="of runs, without and with, for each program")
    parser.add_argument("--rounds", type=int, default=15, help="of a program in a run")
    options = parser.parse_args()
    bench = Bench(options.build.resolve(), options.lua, options.rounds)

    print(f"# ./dev bench lua: --pairs {options.pairs} --rounds {options.rounds}")
    print(f"# {machine()}, {bench.version()}")
    print("what,requests,ratio of instructions,ratio of time,must be at most,lower quartile,upper quartile")
    times = {program: [] for program in PROGRAMS}
    requests = {}
    for _ in range(options.pairs):
        for program in PROGRAMS:
            bare, _ = bench.once(program)
            ours, counts = bench.once(program, "heapster")
            times[program].append(ours / bare)
            requests[program] = int(counts[0].split()[0])
    instructions = [instruction_ratio(bench, program) for program in PROGRAMS]
    for program, ratio in zip(PROGRAMS, instructions):
        row(program.replace("_", " "), requests[program], ratio, times[program], "")
    row("all three (geometric mean)", "", mean(instructions) if all(instructions) else "", [mean(turn) for turn in zip(*times.values())],
        "1.10")


if __name__ == "__main__":
    main()
