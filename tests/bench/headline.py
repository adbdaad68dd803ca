"""The figures that heapster promises, each with its bound, what the other benches found, and whether it is kept.

Measures nothing: it reads the sheets of the other benches. Beside a bound that is missed stands what the same run measured
of the reason.
"""

import dataclasses
import operator
import pathlib

import interleaved
from crate import DEFAULT, FULL
from interleaved import FORWARDS

COLUMNS = ["figure", "must be", *interleaved.columns("found"), "verdict", "by measurement"]
SHEETS = ("micro", "instructions", "programs", "reading", "python", "lua", "pytest")
HOLDS = {"<=": operator.le, "<": operator.lt}


class NotMeasured(Exception):
    """A row that a bound needs is not in the kept figures."""


class Kept:
    """The kept figures of the other benches."""

    def __init__(self, folder):
        self.folder = folder
        self.sheets = {}

    def sheet(self, name):
        """Comments and rows; none where the bench has not run."""
        if name not in self.sheets:
            path = self.folder / f"{name}.csv"
            self.sheets[name] = interleaved.read(path) if path.exists() else ([], [])
        return self.sheets[name]

    def rows(self, sheet, **wanted):
        """Those whose cells are as wanted; at least one."""
        found = [row for row in self.sheet(sheet)[1] if all(row[column] == str(cell) for column, cell in wanted.items())]
        if not found:
            raise NotMeasured(f"{sheet}.csv has no {' / '.join(map(str, wanted.values()))}")
        return found

    def row(self, sheet, **wanted):
        return self.rows(sheet, **wanted)[0]

    def where(self):
        """When and on what machine, of all sheets: one line unless they were made apart."""
        comments = [self.sheet(name)[0] for name in SHEETS]
        return "; ".join(dict.fromkeys(found[1] for found in comments if found))

    def micro(self, pattern, threads, way="heapster"):
        return self.row("micro", allocator="glibc", pattern=pattern, threads=threads, way=way)

    def instructions(self, pattern, way):
        return self.row("instructions", pattern=pattern, way=way)["added"]

    def programs(self, way="heapster"):
        return self.row("programs", program="geometric mean", way=way)

    def reading(self, what):
        return self.row("reading", what=what)


def found(row, column):
    """Median and quartiles, as they are kept."""
    cells = [row[name] for name in interleaved.columns(column)]
    if "" in cells:
        raise NotMeasured(f"no {column}")
    return cells


def churn_over_crate(kept, pattern, threads):
    ours, theirs = (kept.micro(pattern, threads, way) for way in ("heapster", FULL))
    of_ours, of_crate = (kept.instructions(pattern, way) for way in ("heapster", FULL))
    default = kept.micro(pattern, threads, DEFAULT)["added ns"]
    return (found(ours, "added over the crate's"),
            f"{ours['added ns']} ns and {of_ours} instructions added, {theirs['added ns']} ns and {of_crate} by the crate "
            f"({default} ns with its default features)")


def churn_over_pass_through(kept, pattern):
    ours, forwarding = (kept.micro(pattern, 1, way) for way in ("heapster", "pass-through"))
    return (found(ours, "ns over pass-through"),
            f"{ours['added ns']} ns added to {forwarding['added ns']} of pass-through; "
            f"{kept.instructions(pattern, 'heapster')} instructions to {kept.instructions(pattern, 'pass-through')}")


def growth(kept):
    alone, four = (kept.micro("churn", threads) for threads in (1, 4))
    return (found(four, "share added over 1 thread's"),
            f"{alone['added ns']} ns added to {alone['ns']} on 1 thread; {four['added ns']} to {four['ns']} on 4")


def program_time(kept):
    ours, processor = kept.programs(), "processor time over bare"
    return found(ours, "time over bare"), f"processor time {found(ours, processor)[0]}, {worst(kept, processor)}"


def worst(kept, column):
    rows = [row for row in kept.rows("programs", way="heapster") if row["program"] != "geometric mean"]
    most = max(rows, key=lambda row: float(row[column]))
    return f"most {most['program']} {most[column]}"


def against_peers(kept):
    """Over the peer that comes nearest to us."""
    peers = [row for row in kept.rows("programs", program="geometric mean") if row["way"] not in ("bare", "heapster")]
    if not peers:
        raise NotMeasured("no peer is installed")
    nearest = max(peers, key=lambda row: float(row["heapster's time over this"]))
    theirs = ", ".join(f"{row['way']} {row['time over bare']} of bare" for row in peers)
    return found(nearest, "heapster's time over this"), f"{theirs}; heapster {kept.programs()['time over bare']}"


def program_peak(kept):
    return found(kept.programs(), "peak over bare"), worst(kept, "peak over bare")


def cold_time(kept):
    ours, bare = (kept.micro("cold heap", 1, way) for way in ("heapster", "bare"))
    return found(ours, "over bare"), f"{ours['added ns']} ns added to {bare['ns']}"


def cold_memory(kept):
    """The block map's share depends on how the allocator rounds: its two bytes are for each 16 of heap."""
    return (found(kept.micro("cold heap", 1), "peak over bare"),
            f"{kept.reading('memory a MiB of heap in blocks of 64 bytes')['found']} KiB a MiB of 64-byte blocks")



def over_a_hook_that_forwards(kept, sheet, what, column):
    """A script's program over the same with a hook in its place that counts nothing."""
    row, bare = kept.row(sheet, what=what + FORWARDS), kept.row(sheet, what=what)
    return found(row, column), f"{bare[column]} over no hook; instructions {row['ratio of instructions'] or 'not counted'}"


def suite_that_uses_nothing(kept):
    row = kept.row("pytest", what="loaded, no test marked / bare")
    return found(row, "ratio"), f"{row['ratio (lower quartile)']} to {row['ratio (upper quartile)']} of 1000 small tests"


def after_many_threads(kept, what):
    first, last = (kept.reading(f"{what} after {threads} threads have run") for threads in (1, 1000))
    return found(last, "over the first of its kind"), f"{first['found']} {first['unit']} after 1; {last['found']} after 1000"


@dataclasses.dataclass(frozen=True)
class Promise:
    figure: str
    holds: str  # empty: a figure without a bound, which stands beside one that has one
    bound: float
    measured: object  # kept -> (median and quartiles, what else was measured)


PROMISES = [
    Promise("pair of 16 to 252 bytes: ns added over pass-through", "<=", 2.5,
            lambda kept: churn_over_pass_through(kept, "churn short")),
    Promise("pair of 256 to 2048 bytes: ns added over pass-through", "<=", 2.5,
            lambda kept: churn_over_pass_through(kept, "churn long")),
    Promise("pair of 16 to 252 bytes: added / what the Rust crate adds", "<=", 0.75,
            lambda kept: churn_over_crate(kept, "churn short", 1)),
    Promise("pair of 256 to 2048 bytes: added / what the Rust crate adds", "", "",
            lambda kept: churn_over_crate(kept, "churn long", 1)),
    Promise("pair, 2 threads: added / what the Rust crate adds", "<=", 0.25, lambda kept: churn_over_crate(kept, "churn", 2)),
    Promise("added on 4 threads / on 1, both as shares of bare", "<=", 1.2, growth),
    Promise("programs, wall time / bare, geometric mean", "<=", 1.05, program_time),
    Promise("programs, wall time / the nearest peer's, geometric mean", "<", 1, against_peers),
    Promise("programs, peak memory / bare, geometric mean", "<=", 1.08, program_peak),
    Promise("Python making objects, time / over a hook that only forwards", "<=", 1.1,
            lambda kept: over_a_hook_that_forwards(kept, "python", "heavy program", "ratio")),
    Promise("Lua making objects, time / over a hook that only forwards", "<=", 1.05,
            lambda kept: over_a_hook_that_forwards(kept, "lua", "all three (geometric mean)", "ratio of time")),
    Promise("pytest with the plugin, no test marked, time / without", "<=", 1.02, suite_that_uses_nothing),
    Promise("cold heap of 4 million blocks, time / bare", "<=", 1.8, cold_time),
    Promise("cold heap of 4 million blocks, memory / bare", "<=", 1.13, cold_memory),
    Promise("stats() after 1000 threads / after 1, time", "<=", 2, lambda kept: after_many_threads(kept, "stats()")),
    Promise("stats() after 1000 threads / after 1, memory", "<=", 2, lambda kept: after_many_threads(kept, "memory")),
]


def verdict(promise, value):
    if not promise.holds:
        return "shown"
    return "met" if HOLDS[promise.holds](value, promise.bound) else "missed"


def row(promise, kept):
    bound = f"{promise.holds} {promise.bound}".strip()
    try:
        cells, why = promise.measured(kept)
    except NotMeasured as missing:
        return [promise.figure, bound, "", "", "", "not measured", str(missing)]
    return [promise.figure, bound, *cells, verdict(promise, float(cells[0])), why]


def main():
    parser = interleaved.parser(__doc__, rounds=1)
    parser.add_argument("--results", type=pathlib.Path, default=interleaved.RESULTS, help="where the others keep theirs")
    options = interleaved.options(parser)
    kept = Kept(options.results)
    sheet = interleaved.Sheet(COLUMNS, where=kept.where())
    sheet.rows = [row(promise, kept) for promise in PROMISES]
    sheet.keep("headline", options.output)


if __name__ == "__main__":
    main()
