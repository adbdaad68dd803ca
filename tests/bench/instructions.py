"""Instructions that counting adds to one operation: exact where a time is noise.

callgrind counts two runs, one twice as long, so that start-up falls out. It does not show cache misses, contention, nor
that a locked instruction takes as long as twenty others.
"""

import pathlib
import sys

import interleaved
import micro
import ways
from crate import build_crate

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "guards"))
from guards import instructions  # noqa: E402

PATTERNS = {"churn": 256, "churn short": 256, "churn long": 256, "live set": 256, "growth by doubling": 264}  # operations of a batch
COLUMNS = ["pattern", "way", "instructions", "added"]


def an_operation(row, pattern, batches):
    """Whole batches, so that both runs do what they are asked for, no more."""
    operations = batches * PATTERNS[pattern]
    preload = [row.way.preload] if row.way.preload else []
    once, twice = (
        instructions([row.program, pattern, "1", str(count)], preload) for count in (operations, 2 * operations))
    return (twice - once) / operations


def is_counted(row):
    """heaptrack unwinds the stack, which valgrind makes a matter of minutes."""
    return row.name != "heaptrack"


def rows(pattern, found, batches):
    taken = {row.name: an_operation(row, pattern, batches) for row in found}
    for row in found:
        yield [pattern, row.name, f"{taken[row.name]:.1f}", f"{taken[row.name] - taken[row.base]:.1f}"]


def main():
    options = interleaved.options(interleaved.parser(__doc__, rounds=1))
    crate, valgrind = build_crate(options), interleaved.first_line("valgrind", "--version")
    sheet = interleaved.Sheet(COLUMNS, [version for version in (valgrind, crate.version) if version])
    sheet.missing = ways.missing(options.build) | crate.reason() | {"heaptrack": "takes minutes under callgrind"}
    if not valgrind:
        sheet.missing = {"everything": "valgrind is not on PATH"}
    found = [row for row in micro.rows(options.build, crate) if is_counted(row)] if valgrind else []
    for pattern in PATTERNS:
        sheet.rows += rows(pattern, found, batches=2 if options.quick else 60)
    sheet.keep("instructions", options.output)


if __name__ == "__main__":
    main()
