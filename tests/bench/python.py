"""What the hook of Python's objects costs: programs with it against the same without heapster, and against other tools.

Time is the processor's, so that other programs disturb it less; instructions, by callgrind, are the same on any day. memray
and pyperformance come from PyPI. It does not show what many threads or a heap of gigabytes add.
"""

import dataclasses
import pathlib
import platform
import statistics

import callgrind
import from_pypi
import interleaved
from interleaved import added, ratios, spread

HERE = pathlib.Path(__file__).parent
COLUMNS = ["what", "ratio of instructions", *interleaved.columns("ratio"), "must be at most"]
HEAVY = "heavy"

# Of pyperformance, and how many values take about 0.2 s. The README says how they were chosen: not by their result.
TEN = {
    "chaos": 4, "deltablue": 60, "fannkuch": 1, "float": 3, "json_dumps": 16, "nbody": 3, "pyflate": 1, "regex_compile": 2,
    "richards": 5, "spectral_norm": 2,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Program:
    timed: list  # its words, less the tool
    counted: list  # its words for callgrind, less how often and the tool
    times: tuple  # how often for callgrind, fewer and more: the difference is without starting and ending


def heavy(python, repeats):
    words = [python, HERE / "python_programs.py", HEAVY]
    return Program([*words, repeats], words, (5, 15))


def of_pyperformance(python, file, values):
    words = [python, HERE / "pyperf_program.py", file]
    return Program([*words, 1, values], [*words, 0], (0, max(1, values // 10)))


class Bench:
    def __init__(self, build, programs):
        self.runner = interleaved.Runner(build)
        self.settings = {"PYTHONPATH": str(build / "python"), "PYTHONHASHSEED": "0"}
        self.programs = programs

    def printed(self, cell):
        name, tool = cell
        return self.runner.run([*self.programs[name].timed, tool], self.settings).output.splitlines()

    def pairs(self, names, tool, rounds):
        """{name: what its runs print without a tool, and with it}, in turns."""
        taken = interleaved.in_turns([(name, way) for name in names for way in ("nothing", tool)], rounds, self.printed)
        return {name: (taken[name, "nothing"], taken[name, tool]) for name in names}

    def instruction_ratios(self):
        """{name: instructions with heapster over those without}."""
        commands = {(name, tool, times): [*program.counted, times, tool] for name, program in self.programs.items()
                    for tool in ("nothing", "heapster") for times in program.times}  # fmt: skip
        counts = callgrind.all_instructions(commands, interleaved.environment_of_a_run(self.settings))

        def between(name, tool):
            fewer, more = self.programs[name].times
            return counts[name, tool, more] - counts[name, tool, fewer]

        return {name: between(name, "heapster") / between(name, "nothing") for name in self.programs}


def seconds(runs):
    return [float(run[0].split()[0]) for run in runs]


def peaks(runs):
    return [int(run[0].split()[1]) for run in runs]


def heavy_rows(bench, rounds, tools, instructions):
    """What other tools add is so much that a quarter of the rounds shows it."""
    bare, ours = bench.pairs([HEAVY], "heapster", rounds)[HEAVY]
    requests = ours[0][1].split()[0]
    yield f"time of {requests} requests", instructions.get(HEAVY), ratios(seconds(ours), seconds(bare)), 1.15
    yield "peak memory", None, ratios(peaks(ours), peaks(bare)), 1.13
    for tool in tools:
        without, theirs = bench.pairs([HEAVY], tool, -(-rounds // 4))[HEAVY]
        middle = statistics.median(added(seconds(theirs), seconds(without)))
        yield f"added time / {tool}'s", None, [more / middle for more in added(seconds(ours), seconds(bare))], 0.1
    yield f"different counts in {len(ours)} runs", None, [len({run[1] for run in ours})], 1


def rows_of_pyperformance(bench, rounds, instructions):
    """A row a benchmark, and their geometric mean, one a round; in a third of the rounds, for there are ten."""
    names = [name for name in bench.programs if name != HEAVY]
    over_bare = {name: ratios(seconds(ours), seconds(bare))
                 for name, (bare, ours) in bench.pairs(names, "heapster", -(-rounds // 3)).items()}  # fmt: skip
    for name in names:
        yield f"pyperformance {name}", instructions.get(name), over_bare[name], ""
    counted = statistics.geometric_mean(instructions[name] for name in names) if instructions else None
    means = list(map(statistics.geometric_mean, zip(*over_bare.values())))
    yield f"{len(names)} of pyperformance (geometric mean)", counted, means, 1.05


def benchmarks(python, folder):
    """Those of the ten that the folder has, and why the others are missing."""
    files = {name: folder / f"bm_{name}" / "run_benchmark.py" for name in TEN}
    found = {name: of_pyperformance(python, file, TEN[name]) for name, file in files.items() if file.exists()}
    return found, {f"pyperformance {name}": f"no {files[name]}" for name in TEN if name not in found}


def installed_benchmarks(python):
    code = "import pyperformance; print(pyperformance.__path__[0])"
    return pathlib.Path(interleaved.first_line(python, "-c", code), "data-files/benchmarks")


def options_given():
    parser = interleaved.parser(__doc__, rounds=21)
    parser.add_argument("--repeats", type=int, default=150, help="of the heavy program in a run (150)")
    parser.add_argument("--benchmarks", type=pathlib.Path, help="where bm_chaos and so on are (the newest of PyPI)")
    options = interleaved.options(parser)
    if options.quick:
        options.repeats = 1
    return options


def main():
    options = options_given()
    python, missing = from_pypi.installed(options, "memray", "pyperformance")
    found = {}
    if options.benchmarks or "pyperformance" not in missing:
        found, absent = benchmarks(python, options.benchmarks or installed_benchmarks(python))
        missing = {what: why for what, why in missing.items() if what != "pyperformance"} | absent
    versions = [from_pypi.version(python, package) for package in ("memray", "pyperformance")]
    sheet = interleaved.Sheet(COLUMNS, [f"CPython {platform.python_version()}", *filter(None, versions)], missing)
    bench = Bench(options.build, {HEAVY: heavy(python, options.repeats), **found})
    tools = [tool for tool in ("tracemalloc", "memray") if tool not in missing]
    if why := callgrind.missing(options):
        sheet.missing["instructions"] = why
    instructions = {} if why else bench.instruction_ratios()
    figures = list(heavy_rows(bench, options.rounds, tools, instructions))
    if found:
        figures += rows_of_pyperformance(bench, options.rounds, instructions)
    sheet.rows = [[what, "" if counted is None else f"{counted:.3f}", *spread(values).cells(), bound]
                  for what, counted, values, bound in figures]  # fmt: skip
    sheet.keep("python", options.output)


if __name__ == "__main__":
    main()
