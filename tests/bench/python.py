"""What the hook of Python's objects costs: programs with it against the same without heapster, and against other tools.

Time is the processor's, so that other programs disturb it less. It does not show what many threads or a heap of gigabytes
add.
"""

import importlib.util
import math
import pathlib
import platform
import statistics
import sys

import interleaved
import python_programs
from interleaved import added, ratios, spread

PROGRAMS = pathlib.Path(python_programs.__file__)
COLUMNS = ["what", *interleaved.columns("ratio"), "must be at most"]


class Bench:
    def __init__(self, options):
        self.runner = interleaved.Runner(options.build)
        self.environment = {"PYTHONPATH": str(options.build / "python"), "PYTHONHASHSEED": "0"}

    def once(self, program, repeats, tool="nothing"):
        """Seconds, peak bytes and, with heapster, the counts."""
        done = self.runner.run([sys.executable, PROGRAMS, program, repeats, tool], self.environment)
        cost, *counts = done.output.splitlines()
        seconds, peak = cost.split()
        return float(seconds), int(peak), counts

    def pairs(self, program, repeats, tool, rounds):
        """Runs without a tool and with it, in turns."""
        taken = interleaved.in_turns(["nothing", tool], rounds, lambda way: self.once(program, repeats, way))
        return taken["nothing"], taken[tool]


def seconds(runs):
    return [run[0] for run in runs]


def heavy_rows(bench, options):
    bare, ours = bench.pairs("heavy", options.repeats, "heapster", options.rounds)
    requests = ours[0][2][0].split()[0]
    yield f"time of {requests} requests", ratios(seconds(ours), seconds(bare)), 1.15
    yield "peak memory", ratios([run[1] for run in ours], [run[1] for run in bare]), 1.13
    for tool in ("tracemalloc", "memray"):
        if importlib.util.find_spec(tool):
            without, theirs = bench.pairs("heavy", options.repeats, tool, options.rounds)
            middle = statistics.median(added(seconds(theirs), seconds(without)))
            yield f"added time / {tool}'s", [more / middle for more in added(seconds(ours), seconds(bare))], 0.1
    counts = {tuple(run[2]) for run in ours}
    yield f"different counts in {len(ours)} runs", [len(counts)], 1


def mean_of_ten(bench, options):
    """The geometric mean of the ten programs' ratios, one a round."""
    logs = []
    for program in python_programs.PROGRAMS:
        bare, ours = bench.pairs(program.__name__, 1 if options.quick else 20, "heapster", options.rounds)
        logs.append(map(math.log, ratios(seconds(ours), seconds(bare))))
    return [math.exp(statistics.mean(one_round)) for one_round in zip(*logs)]


def main():
    parser = interleaved.parser(__doc__, rounds=7)
    parser.add_argument("--repeats", type=int, default=150, help="of the heavy program in a run (150)")
    options = interleaved.options(parser)
    if options.quick:
        options.repeats = 1
    bench = Bench(options)
    sheet = interleaved.Sheet(COLUMNS, [f"CPython {platform.python_version()}"])
    if not importlib.util.find_spec("memray"):
        sheet.missing["memray"] = "not installed (PyPI)"
    figures = [*heavy_rows(bench, options), ("ten programs (geometric mean)", mean_of_ten(bench, options), 1.05)]
    sheet.rows = [[what, *spread(values).cells(), bound] for what, values, bound in figures]
    sheet.keep("python", options.output)


if __name__ == "__main__":
    main()
