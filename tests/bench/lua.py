"""What the hook of a Lua state costs: allocation-heavy programs with `require "heapster"` against the same without.

Interleaved, without and with in turns: each ratio is of two neighbouring runs, and the median of all is what counts. Time
is the processor's, so that other programs disturb it less. Written as CSV. It does not show what a heap of gigabytes adds.
"""

import argparse
import math
import os
import pathlib
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

    def version(self):
        return subprocess.run([self.lua, "-v"], capture_output=True, check=True, text=True).stdout.split("  ")[0]


def row(what, requests, pairs, must):
    ratios = [ours / bare for bare, ours in pairs]
    low, median, high = statistics.quantiles(ratios, n=4)
    each = statistics.median(ours - bare for bare, ours in pairs) * 1e9 / requests if requests else 0
    print(f"{what},{requests or ''},{median:.3f},{must},{low:.3f},{high:.3f},{f'{each:.1f}' if requests else ''}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--lua", default="lua5.4")
    parser.add_argument("--pairs", type=int, default=15, help="of runs, without and with, for each program")
    parser.add_argument("--rounds", type=int, default=25, help="of a program in a run")
    options = parser.parse_args()
    bench = Bench(options.build.resolve(), options.lua, options.rounds)

    print(f"# ./dev bench lua: --pairs {options.pairs} --rounds {options.rounds}")
    print(f"# {machine()}, {bench.version()}")
    print("what,requests,ratio of time,must be at most,lower quartile,upper quartile,ns a request added")
    times = {program: [] for program in PROGRAMS}
    requests = {}
    for _ in range(options.pairs):
        for program in PROGRAMS:
            bare, _ = bench.once(program)
            ours, counts = bench.once(program, "heapster")
            times[program].append((bare, ours))
            requests[program] = int(counts[0].split()[0])
    for program in PROGRAMS:
        row(program.replace("_", " "), requests[program], times[program], "")
    together = [
        (1.0, math.exp(statistics.mean(math.log(ours / bare) for bare, ours in turn))) for turn in zip(*times.values())
    ]
    row("all three (geometric mean)", 0, together, "1.10")


if __name__ == "__main__":
    main()
