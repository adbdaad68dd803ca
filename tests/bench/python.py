"""What the hook of Python's objects costs: programs with it against the same without heapster, and against other tools.

Interleaved: each ratio is of two neighbouring runs, and the median of all is what counts. Time is the processor's, so that
other programs disturb it less; the last two columns are the quartiles. Written as CSV. It does not show what many threads
or a heap of gigabytes add.
"""

import argparse
import importlib.util
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys

from churn import machine

PROGRAMS = pathlib.Path(__file__).with_name("python_programs.py")
sys.path.insert(0, str(PROGRAMS.parent))


class Bench:
    def __init__(self, build, rounds):
        clean = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "HEAPSTER_HOOKS")}
        self.environment = {**clean, "PYTHONPATH": str(build / "python"), "PYTHONHASHSEED": "0"}
        self.rounds = rounds

    def once(self, program, repeats, tool="nothing"):
        """Seconds, peak bytes and, with heapster, the counts."""
        command = [sys.executable, str(PROGRAMS), program, str(repeats), tool]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True, text=True)
        cost, *counts = done.stdout.splitlines()
        seconds, peak = cost.split()
        return float(seconds), int(peak), counts

    def pairs(self, program, repeats, tool, rounds):
        return [(self.once(program, repeats), self.once(program, repeats, tool)) for _ in range(rounds)]


def row(what, values, must):
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    print(f"{what},{statistics.median(values):.3f},{must},{low:.3f},{high:.3f}", flush=True)


def added(pairs):
    """The median of the time that a tool adds, in seconds."""
    return statistics.median(tool[0] - bare[0] for bare, tool in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--repeats", type=int, default=150, help="of the heavy program in a run")
    options = parser.parse_args()
    bench = Bench(options.build.resolve(), options.rounds)

    print(f"# ./dev bench python: --rounds {options.rounds} --repeats {options.repeats}")
    print(f"# {machine()}, CPython {platform.python_version()}")
    print("what,ratio,must be at most,lower quartile,upper quartile")
    heavy = bench.pairs("heavy", options.repeats, "heapster", options.rounds)
    counts = {tuple(tool[2]) for _, tool in heavy}
    requests = int(heavy[0][1][2][0].split()[0])
    row(f"time of {requests} requests", [tool[0] / bare[0] for bare, tool in heavy], 1.15)
    row("peak memory", [tool[1] / bare[1] for bare, tool in heavy], 1.13)
    for tool in ("tracemalloc", "memray"):
        if importlib.util.find_spec(tool) is None:
            print(f"# {tool} is not installed")
            continue
        theirs = bench.pairs("heavy", options.repeats, tool, max(options.rounds // 5, 3))
        least = added(theirs)
        row(f"added time / {tool}'s", [(ours[0] - bare[0]) / least for bare, ours in heavy], 0.1)
    means = []
    for _ in range(max(options.rounds // 3, 3)):
        logs = []
        for program in __import__("python_programs").PROGRAMS:
            (bare, ours), = bench.pairs(program.__name__, 20, "heapster", 1)
            logs.append(math.log(ours[0] / bare[0]))
        means.append(math.exp(statistics.mean(logs)))
    row("ten programs (geometric mean)", means, 1.05)
    print(f"# {len(heavy)} runs: {len(counts)} different counts, {', '.join(next(iter(counts)))}")


if __name__ == "__main__":
    main()
