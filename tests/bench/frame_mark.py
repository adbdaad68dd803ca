"""What a frame mark costs from Lua, beside an empty C function that is called in its place: frame_mark.lua, with 8 heaps.

It does not show what many threads add: a mark reads the counters of each.
"""

import csv
import os
import pathlib
import subprocess

import interleaved

MUST = {"frame(), nothing happened": 20}  # times an empty C function
COLUMNS = ["what", "ns", "ratio to an empty C function", "must be at most"]


def measured(build, rounds):
    """The script's own words on what it ran, and its rows."""
    script = pathlib.Path(__file__).with_suffix(".lua")
    paths = f"{build}/lua/?.so;{build}/tests/bench/?.so"
    environment = {**os.environ, "LUA_CPATH": paths, "HEAPSTER_HOOKS": "lua"}
    run = subprocess.run(["lua5.4", script, str(rounds)], env=environment, capture_output=True, text=True, check=True)
    about, *rows = run.stdout.splitlines()
    return about, list(csv.reader(rows))


def main():
    options = interleaved.options(interleaved.parser(__doc__, rounds=31))
    about, rows = measured(options.build, options.rounds)
    sheet = interleaved.Sheet(COLUMNS, [about])
    sheet.rows = [[*row, MUST.get(row[0], "")] for row in rows]
    sheet.keep("frame_mark", options.output)


if __name__ == "__main__":
    main()
