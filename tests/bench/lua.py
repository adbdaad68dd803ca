"""What the hook of a Lua state costs: allocation-heavy programs with `require "heapster"` against the same without.

Time is the processor's, of turns between living processes (turns.py); instructions are those of the turns alone, by
callgrind, which nothing disturbs. It does not show what a heap of gigabytes adds.
"""

import pathlib
import statistics

import callgrind
import interleaved
import turns
from interleaved import spread

PROGRAMS = ("binary_trees", "string_building", "table_growth")
SCRIPT = pathlib.Path(__file__).with_name("lua_programs.lua")
MUST = "1.10"
COLUMNS = ["what", "requests", "ratio of instructions", *interleaved.columns("ratio of time"), "must be at most"]
COUNTED = (1, 4)  # turns for callgrind


def rows(taken, instructions):
    """A row a program, and their geometric mean."""
    for program, (_, ours) in taken.items():
        known = f"{instructions[program]:.3f}" if instructions else ""
        requests = ours[0].last[0].split()[0]
        yield [program.replace("_", " "), requests, known, *spread(turns.ratios(*taken[program])).cells(), ""]
    known = f"{statistics.geometric_mean(instructions.values()):.3f}" if instructions else ""
    means = map(statistics.geometric_mean, zip(*(turns.ratios(*runs) for runs in taken.values())))
    yield ["all three (geometric mean)", "", known, *spread(means).cells(), MUST]


def main():
    parser = interleaved.parser(__doc__, rounds=31)
    parser.add_argument("--lua", default="lua5.4", help="the interpreter (lua5.4)")
    parser.add_argument("--turns", type=turns.at_least_one, default=40, help="of each program in a round (40)")
    options = interleaved.options(parser)
    if options.quick:
        options.turns = 1
    environment = interleaved.environment_of_a_run({"LUA_CPATH": str(options.build / "lua/?.so")})
    pairs = {name: [[options.lua, SCRIPT, name, *tool] for tool in ((), ("heapster",))] for name in PROGRAMS}
    comparisons = {name: turns.Comparison(pair, options.turns) for name, pair in pairs.items()}
    taken = turns.compared(comparisons, options.rounds, environment)
    sheet = interleaved.Sheet(COLUMNS, [interleaved.first_line(options.lua, "-v").partition("  ")[0]])
    if why := callgrind.missing(options):
        sheet.missing["instructions"] = why
    instructions = {} if why else callgrind.ratios(pairs, dict.fromkeys(PROGRAMS, COUNTED), environment)
    sheet.rows = list(rows(taken, instructions))
    sheet.keep("lua", options.output)


if __name__ == "__main__":
    main()
