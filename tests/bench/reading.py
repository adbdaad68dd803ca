"""What a look at the figures costs, and the memory that counting takes: a heap, a thread, a MiB of heap.

Memory is what the process has for itself, counted less bare. It does not show what a cold cache adds to a look, nor the
memory that is shared between processes.
"""

import interleaved
from interleaved import added, ratios, spread

THREADS = (1, 100, 1000)
BLOCK_SIZES = (16, 64, 256, 1024)
HEAPS = 100
COLUMNS = ["what", "unit", *interleaved.columns("found"), *interleaved.columns("over the first of its kind")]


class Bench:
    def __init__(self, options):
        self.runner = interleaved.Runner(options.build)
        self.folder = options.build / "tests/bench"
        self.counted = {"LD_PRELOAD": str((options.build / "lib/libheapster_malloc.so").resolve())}
        self.calls = 100 if options.quick else 20_000
        self.mib = 1 if options.quick else 64

    def look(self, threads):
        """Nanoseconds of stats() and of an empty window, after so many threads have run one after the other."""
        command = [self.folder / "reading", "threads", threads, self.calls]
        return [float(word) for word in self.runner.run(command, self.counted).output.split()]

    def heaps(self):
        """KiB a heap."""
        return float(self.runner.run([self.folder / "reading", "heaps", HEAPS], self.counted).output) / HEAPS

    def more(self, *what):
        """KiB that the same program has for itself when it is counted, above bare."""
        command = [self.folder / "footprint", *what]
        bare, counted = (float(self.runner.run(command, way).output) for way in ({}, self.counted))
        return counted - bare


def takers(bench):
    """Every figure, by its name, as what a round measures."""
    return {
        **{("look", threads): lambda threads=threads: bench.look(threads) for threads in THREADS},
        **{("ran", threads): lambda threads=threads: bench.more("ran", threads) for threads in THREADS},
        **{("alive", threads): lambda threads=threads: bench.more("alive", threads) for threads in THREADS},
        **{("blocks", size): lambda size=size: bench.more("blocks", size, bench.mib) for size in BLOCK_SIZES},
        ("heaps", HEAPS): bench.heaps,
    }


def row(what, unit, values, first=None):
    return [what, unit, *spread(values).cells(), *spread(ratios(values, first) if first else []).cells()]


def rows(taken, mib):
    def looks(threads, which):
        return [look[which] for look in taken["look", threads]]

    for which, name in enumerate(("stats()", "an empty window")):
        for threads in THREADS:
            yield row(f"{name} after {threads} threads have run", "ns", looks(threads, which), looks(1, which))
    for threads in THREADS:
        yield row(f"memory after {threads} threads have run", "KiB", taken["ran", threads], taken["ran", 1])
    alone, many = taken["alive", THREADS[0]], taken["alive", THREADS[-1]]
    yield row("memory a thread alive", "KiB", [more / (THREADS[-1] - THREADS[0]) for more in added(many, alone)])
    yield row("memory a heap", "KiB", taken["heaps", HEAPS])
    for size in BLOCK_SIZES:
        extra = added(taken["blocks", size], taken["ran", 1])
        yield row(f"memory a MiB of heap in blocks of {size} bytes", "KiB", [kib / mib for kib in extra])


def main():
    options = interleaved.options(interleaved.parser(__doc__, rounds=9))
    bench = Bench(options)
    what = takers(bench)
    taken = interleaved.in_turns(what, options.rounds, lambda cell: what[cell]())
    sheet = interleaved.Sheet(COLUMNS, [interleaved.first_line("gcc", "--version")])
    sheet.rows = list(rows(taken, bench.mib))
    sheet.keep("reading", options.output)


if __name__ == "__main__":
    main()
