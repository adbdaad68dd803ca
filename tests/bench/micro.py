"""What counting costs a program that does nothing but ask for memory: patterns of requests, by allocator and threads.

A figure is nanoseconds of processor time an operation. It does not show what a real program pays, which does more between
two requests (programs.py), nor what a sleeping thread waits for.
"""

import dataclasses
import statistics

import interleaved
import ways
from crate import DEFAULT, FULL, build_crate
from interleaved import added, ratios, share, spread

THREADS = (1, 2, 4)
COLD = "cold heap"
PASS_THROUGH = "pass-through"
COLUMNS = [
    "allocator", "pattern", "threads", "way", "ns", "added ns",
    *interleaved.columns("over bare"), *interleaved.columns("ns over pass-through"),
    *interleaved.columns("added over the crate's"),
    *interleaved.columns("share added over 1 thread's"), *interleaved.columns("peak over bare"),
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Row:
    """A program, what watches it, and the row whose cost is subtracted."""

    name: str
    program: str
    way: ways.Way
    base: str = "bare"


@dataclasses.dataclass(frozen=True)
class Cell:
    allocator: str
    pattern: str
    threads: int
    row: Row

    def beside(self, row):
        return dataclasses.replace(self, row=row)


def rows(build, crate):
    """Every row that can be measured here, bare ones before those that are compared with them."""
    program = str(build / "tests/bench/micro")
    found = [Row(way.name, program, way) for way in ways.all_ways(build) if not way.missing]
    if not crate.missing:
        found.append(Row("bare Rust", str(crate.bare), ways.BARE, "bare Rust"))
        found.append(Row(DEFAULT, str(crate.default), ways.BARE, "bare Rust"))
        found.append(Row(FULL, str(crate.full), ways.BARE, "bare Rust"))
    return found


def is_worth_it(allocator, pattern, threads, row):
    """The cold heap takes seconds a run, heaptrack's many: elsewhere than on one thread over glibc it is run with fewer."""
    if pattern != COLD or (allocator == "glibc" and threads == 1):
        return True
    return row.name != "heaptrack" and (allocator == "glibc" or threads == 1)


def cells_of(allocators, patterns, rows_found):
    return [
        Cell(allocator, pattern, threads, row)
        for pattern in patterns for allocator in allocators for threads in THREADS for row in rows_found
        if is_worth_it(allocator, pattern, threads, row)
    ]  # fmt: skip


def taker(runner, allocators, options):
    """How a cell is run: (nanoseconds, peak bytes)."""
    limit = "2ms" if options.quick else f"{options.milliseconds}ms"
    cold_blocks = 4000 if options.quick else options.cold_blocks

    def take(cell):
        command = [cell.row.program, cell.pattern, cell.threads, limit, cold_blocks]
        done = runner.run(command, cell.row.way.environment(allocators[cell.allocator]))
        return float(done.output.split()[0]), done.peak

    return take


class Table:
    """The runs taken, and the figures drawn from them."""

    def __init__(self, taken, rows_found):
        self.taken = taken
        self.rows = {row.name: row for row in rows_found}

    def nanoseconds(self, cell):
        return [nanoseconds for nanoseconds, _ in self.taken[cell]]

    def peaks(self, cell):
        return [peak for _, peak in self.taken[cell]]

    def base(self, cell):
        return cell.beside(self.rows[cell.row.base])

    def added(self, cell):
        return added(self.nanoseconds(cell), self.nanoseconds(self.base(cell)))

    def added_over_pass_through(self, cell):
        """What counting adds to being in front of malloc; nothing for Rust's rows, which are in front of nothing."""
        if PASS_THROUGH not in self.rows or cell.row.base != "bare" or cell.row.name == PASS_THROUGH:
            return []
        return added(self.nanoseconds(cell), self.nanoseconds(cell.beside(self.rows[PASS_THROUGH])))

    def added_over_crate(self, cell):
        """Nothing where there is no crate, or where what it adds is lost in the noise."""
        if FULL not in self.rows:
            return []
        return share(self.added(cell), self.added(cell.beside(self.rows[FULL])))

    def growth(self, cell):
        """What is added, as a share of bare, over that share on one thread: 1 is a cost that does not grow with threads."""

        def shares(one):
            return [ratio - 1 for ratio in ratios(self.nanoseconds(one), self.nanoseconds(self.base(one)))]

        alone = dataclasses.replace(cell, threads=1)
        return share(shares(cell), shares(alone)) if alone in self.taken else []

    def figures(self, cell):
        is_base = cell.row.base == cell.row.name
        nanoseconds, bare = self.nanoseconds(cell), self.nanoseconds(self.base(cell))
        return [
            cell.allocator, cell.pattern, cell.threads, cell.row.name,
            f"{statistics.median(nanoseconds):.1f}", f"{statistics.median(added(nanoseconds, bare)):.1f}",
            *spread(ratios(nanoseconds, bare)).cells(),
            *spread([] if is_base else self.added_over_pass_through(cell)).cells(),
            *spread([] if is_base else self.added_over_crate(cell)).cells(),
            *spread([] if is_base else self.growth(cell)).cells(),
            *spread(ratios(self.peaks(cell), self.peaks(self.base(cell))) if cell.pattern == COLD else []).cells(),
        ]  # fmt: skip


def main():
    parser = interleaved.parser(__doc__, rounds=9)
    parser.add_argument("--milliseconds", type=int, default=100, help="of each run (100)")
    parser.add_argument("--cold-blocks", type=int, default=4_000_000, help="alive in the cold heap (4 million)")
    parser.add_argument("--pattern", action="append", help="only this one; may be given again")
    parser.add_argument("--allocator", action="append", choices=list(ways.ALLOCATORS), help="only over this one; may be given again")
    options = interleaved.options(parser)

    runner = interleaved.Runner(options.build)
    known = runner.run([options.build / "tests/bench/micro"]).output.splitlines()
    unknown = set(options.pattern or ()) - set(known)
    if unknown:
        parser.error(f"there is no pattern {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    crate = build_crate(options)
    rows_found = rows(options.build, crate)
    allocators, missing = ways.allocators(options.allocator or ways.ALLOCATORS)
    missing |= ways.missing(options.build) | crate.reason()

    cells = cells_of(allocators, options.pattern or known, rows_found)
    table = Table(interleaved.in_turns(cells, options.rounds, taker(runner, allocators, options)), rows_found)
    versions = [interleaved.first_line("gcc", "--version"), *interleaved.package_versions(*ways.PACKAGES), crate.version]
    sheet = interleaved.Sheet(COLUMNS, [version for version in versions if version], missing)
    sheet.rows = [table.figures(cell) for cell in cells]
    sheet.keep("micro", options.output)


if __name__ == "__main__":
    main()
