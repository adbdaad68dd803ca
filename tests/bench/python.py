"""What the hook of Python's objects costs: programs with it against the same without heapster, and against other tools.

Time is the processor's, of turns between living processes (turns.py); instructions, by callgrind, are the same on any day.
memray and pyperformance come from PyPI. It does not show what many threads or a heap of gigabytes add.
"""

import dataclasses
import pathlib
import platform
import statistics
import sysconfig

import callgrind
import from_pypi
import interleaved
import turns
from interleaved import FORWARDS, ratios, spread

HERE = pathlib.Path(__file__).parent
HAS_NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
COLUMNS = ["what", "ratio of instructions", *interleaved.columns("ratio"), "must be at most"]
HEAVY, AT_ONCE = "heavy", "heavy_at_once"

# Of pyperformance: values a turn, some 20 ms of them but at least one, and turns a round. The README says how they were
# chosen: not by their result.
TEN = {
    "chaos": (1, 6), "deltablue": (6, 20), "fannkuch": (1, 2), "float": (1, 6), "json_dumps": (2, 20), "nbody": (1, 6),
    "pyflate": (1, 2), "regex_compile": (1, 4), "richards": (1, 10), "spectral_norm": (1, 6),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Program:
    words: list  # less the tool
    turns: int  # a round
    counted: tuple  # turns for callgrind, fewer and more

    def pair(self, tool, base="nothing"):
        return [[*self.words, way] for way in (base, tool)]


def heavy(python, times, name=HEAVY):
    return Program([python, HERE / "python_programs.py", name, 4], times, (1, 4))


def of_pyperformance(python, file, values, times):
    return Program([python, HERE / "pyperf_program.py", file, values], times, (0, 1))


class Bench:
    def __init__(self, build, programs):
        self.environment = interleaved.environment_of_a_run({"PYTHONPATH": f"{build}/python:{build}/tests/bench", "PYTHONHASHSEED": "0"})
        self.programs = programs

    def compared(self, names, tool, rounds, base="nothing"):
        """{name: its runs without the tool, and with it}"""
        programs = {name: self.programs[name] for name in names}
        comparisons = {name: turns.Comparison(program.pair(tool, base), program.turns) for name, program in programs.items()}
        return turns.compared(comparisons, rounds, self.environment)

    def instruction_ratios(self):
        """{name: instructions with heapster over those without}, and the heavy program's over the hook that forwards."""
        pairs = {name: program.pair("heapster") for name, program in self.programs.items()}
        counted = {name: program.counted for name, program in self.programs.items()}
        if heavy_program := self.programs.get(HEAVY):
            pairs[HEAVY + FORWARDS] = heavy_program.pair("heapster", "forwarding")
            counted[HEAVY + FORWARDS] = heavy_program.counted
        return callgrind.ratios(pairs, counted, self.environment)


def peaks(runs):
    return [int(run.last[0]) for run in runs]


def added(bare, other):
    """As a share of the bare run's time: a second is not as much in the next round."""
    return [ratio - 1 for ratio in turns.ratios(bare, other)]


def heavy_rows(bench, rounds, tools, instructions):
    """What other tools add is so much that a quarter of the rounds shows it."""
    bare, ours = bench.compared([HEAVY], "heapster", rounds)[HEAVY]
    counts = [run.last[1] for run in ours]
    yield "heavy program", instructions.get(HEAVY), turns.ratios(bare, ours), 1.15
    forwarding = bench.compared([HEAVY], "heapster", rounds, "forwarding")[HEAVY]
    yield f"heavy program{FORWARDS}", instructions.get(HEAVY + FORWARDS), turns.ratios(*forwarding), 1.1
    yield "peak memory", None, ratios(peaks(ours), peaks(bare)), 1.13
    for tool in tools:
        theirs = statistics.median(added(*bench.compared([HEAVY], tool, -(-rounds // 4))[HEAVY]))
        yield f"added time / {tool}'s", None, [more / theirs for more in added(bare, ours)], 0.1
    yield f"different counts in {len(ours)} runs", None, [len(set(counts))], 1


def rows_at_once(bench, rounds):
    """Only where threads make objects at the same time. Their counts differ a little: reference counts are merged later."""
    bare, ours = bench.compared([AT_ONCE], "heapster", rounds)[AT_ONCE]
    yield "time of 2 threads of it at once, without the GIL", None, turns.ratios(bare, ours), ""


def rows_of_pyperformance(bench, rounds, instructions):
    """A row a benchmark, and their geometric mean, one a round; in two fifths of the rounds, for there are ten."""
    names = [name for name in bench.programs if name != HEAVY]
    over_bare = {name: turns.ratios(*runs) for name, runs in bench.compared(names, "heapster", -(-rounds * 2 // 5)).items()}
    for name in names:
        yield f"pyperformance {name}", instructions.get(name), over_bare[name], ""
    counted = statistics.geometric_mean(instructions[name] for name in names) if instructions else None
    means = list(map(statistics.geometric_mean, zip(*over_bare.values())))
    yield f"{len(names)} of pyperformance (geometric mean)", counted, means, 1.05


def benchmarks(python, folder, quick):
    """Those of the ten that the folder has, and why the others are missing."""
    files = {name: folder / f"bm_{name}" / "run_benchmark.py" for name in TEN}
    how = {name: (values, 1 if quick else times) for name, (values, times) in TEN.items()}
    found = {name: of_pyperformance(python, file, *how[name]) for name, file in files.items() if file.exists()}
    return found, {f"pyperformance {name}": f"no {files[name]}" for name in TEN if name not in found}


def installed_benchmarks(python):
    code = "import pyperformance; print(pyperformance.__path__[0])"
    return pathlib.Path(interleaved.first_line(python, "-c", code), "data-files/benchmarks")


def options_given():
    parser = interleaved.parser(__doc__, rounds=21)
    parser.add_argument("--turns", type=turns.at_least_one, default=38, help="of the heavy program in a round (38)")
    parser.add_argument("--benchmarks", type=pathlib.Path, help="where bm_chaos and so on are (the newest of PyPI)")
    options = interleaved.options(parser)
    if options.quick:
        options.turns = 1
    return options


def main():
    options = options_given()
    python, missing = from_pypi.installed(options, "memray", "pyperformance")
    found = {}
    if options.benchmarks or "pyperformance" not in missing:
        found, absent = benchmarks(python, options.benchmarks or installed_benchmarks(python), options.quick)
        missing = {what: why for what, why in missing.items() if what != "pyperformance"} | absent
    versions = [from_pypi.version(python, package) for package in ("memray", "pyperformance")]
    sheet = interleaved.Sheet(COLUMNS, [f"CPython {platform.python_version()}{'t' * HAS_NO_GIL}", *filter(None, versions)], missing)
    bench = Bench(options.build, {HEAVY: heavy(python, options.turns), **found})
    tools = [tool for tool in ("tracemalloc", "memray") if tool not in missing]
    if why := callgrind.missing(options):
        sheet.missing["instructions"] = why
    instructions = {} if why else bench.instruction_ratios()
    figures = list(heavy_rows(bench, options.rounds, tools, instructions))
    if HAS_NO_GIL:
        figures += rows_at_once(Bench(options.build, {AT_ONCE: heavy(python, options.turns, AT_ONCE)}), options.rounds)
    if found:
        figures += rows_of_pyperformance(bench, options.rounds, instructions)
    sheet.rows = [[what, "" if counted is None else f"{counted:.3f}", *spread(values).cells(), bound]
                  for what, counted, values, bound in figures]  # fmt: skip
    sheet.keep("python", options.output)


if __name__ == "__main__":
    main()
