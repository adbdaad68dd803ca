"""Instructions that counting adds to one operation: exact where a time is noise.

callgrind counts two runs, one twice as long, so that start-up falls out. It does not show cache misses, contention, nor
that a locked instruction takes as long as twenty others.
"""

import pathlib
import shutil
import sys

import interleaved
import micro
import ways

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "core"))
from pair_instructions import instructions  # noqa: E402

PATTERNS = {"churn": 256, "live set": 256, "growth by doubling": 264}  # operations of a batch
COLUMNS = ["pattern", "way", "instructions", "added"]


def an_operation(row, pattern, batches):
    """Whole batches, so that both runs do what they are asked for, no more."""
    operations = batches * PATTERNS[pattern]
    once, twice = (instructions([row.program, pattern, "1", str(count)], row.way.preload) for count in (operations, 2 * operations))
    return (twice - once) / operations


def is_counted(row):
    """heaptrack unwinds the stack, which valgrind makes a matter of minutes."""
    return row.name != "heaptrack"


def main():
    options = interleaved.options(interleaved.parser(__doc__, rounds=1))
    missing = ways.missing(options.build) | {"heaptrack": "takes minutes under callgrind"}
    crate = ways.crate(options)
    sheet = interleaved.Sheet(COLUMNS, [version for version in (interleaved.first_line("valgrind", "--version"), crate.version) if version])
    sheet.missing = missing | ({"Rust crate": crate.missing} if crate.missing else {})
    if shutil.which("valgrind"):
        for pattern in PATTERNS:
            found = {row: an_operation(row, pattern, 2 if options.quick else 60) for row in micro.rows(options.build, crate) if is_counted(row)}
            bare = {row.name: taken for row, taken in found.items()}
            sheet.rows += [[pattern, row.name, f"{taken:.1f}", f"{taken - bare[row.base]:.1f}"] for row, taken in found.items()]
    else:
        sheet.missing["instructions"] = "valgrind is not on PATH"
    sheet.keep("instructions", options.output)


if __name__ == "__main__":
    main()
