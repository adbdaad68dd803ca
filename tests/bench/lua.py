"""What the hook of a Lua state costs: allocation-heavy programs with `require "heapster"` against the same without, and
against the same with a hook that only forwards.

Time is the processor's, of turns between living processes (turns.py); instructions are those of the turns alone, by
callgrind, which nothing disturbs. It does not show what a heap of gigabytes adds.
"""

import pathlib
import statistics

import callgrind
import interleaved
import turns
from interleaved import FORWARDS, spread

PROGRAMS = ("binary_trees", "string_building", "table_growth")
SCRIPT = pathlib.Path(__file__).with_name("lua_programs.lua")
MUST = "1.10"
COLUMNS = ["what", "requests", "ratio of instructions", *interleaved.columns("ratio of time"), "must be at most"]
MUST_FORWARDING = "1.05"
TOOLS = ((), ("heapster",), ("forwarding",))
BARE, HEAPSTER, FORWARDING = range(len(TOOLS))
COUNTED = (1, 4)  # turns for callgrind


def rows(taken, instructions):
    """A row a program, and their geometric mean."""
    for program, (_, ours, _) in taken.items():
        known = f"{instructions[program]:.3f}" if instructions else ""
        requests = ours[0].last[0].split()[0]
        yield [program.replace("_", " "), requests, known, *over(taken, BARE, program), ""]
    yield ["all three (geometric mean)", "", mean_of(instructions), *over(taken, BARE, *taken), MUST]


def row_over_forwarding(taken, instructions):
    return [f"all three (geometric mean){FORWARDS}", "", mean_of(instructions), *over(taken, FORWARDING, *taken), MUST_FORWARDING]


def over(taken, base, *programs):
    """The cells of heapster's time over that of the base, of these programs together."""
    by_program = (turns.ratios(taken[program][base], taken[program][HEAPSTER]) for program in programs)
    return spread(map(statistics.geometric_mean, zip(*by_program))).cells()


def mean_of(instructions):
    return f"{statistics.geometric_mean(instructions.values()):.3f}" if instructions else ""


def main():
    parser = interleaved.parser(__doc__, rounds=31)
    parser.add_argument("--lua", default="lua5.4", help="the interpreter (lua5.4)")
    parser.add_argument("--turns", type=turns.at_least_one, default=40, help="of each program in a round (40)")
    options = interleaved.options(parser)
    if options.quick:
        options.turns = 1
    environment = interleaved.environment_of_a_run({"LUA_CPATH": f"{options.build}/lua/?.so;{options.build}/tests/bench/?.so"})
    commands = {name: [[options.lua, SCRIPT, name, *tool] for tool in TOOLS] for name in PROGRAMS}
    comparisons = {name: turns.Comparison(each, options.turns) for name, each in commands.items()}
    taken = turns.compared(comparisons, options.rounds, environment)
    sheet = interleaved.Sheet(COLUMNS, [interleaved.first_line(options.lua, "-v").partition("  ")[0]])
    if why := callgrind.missing(options):
        sheet.missing["instructions"] = why

    def instructions(base):
        pairs = {name: [each[base], each[HEAPSTER]] for name, each in commands.items()}
        return {} if why else callgrind.ratios(pairs, dict.fromkeys(PROGRAMS, COUNTED), environment)

    sheet.rows = [*rows(taken, instructions(BARE)), row_over_forwarding(taken, instructions(FORWARDING))]
    sheet.keep("lua", options.output)


if __name__ == "__main__":
    main()
