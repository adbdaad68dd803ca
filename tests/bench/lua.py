"""What the hook of a Lua state costs: allocation-heavy programs with `require "heapster"` against the same without.

Time is the processor's, so that other programs disturb it less; instructions are those of a round once the program has
warmed up, by callgrind, which nothing disturbs. It does not show what a heap of gigabytes adds.
"""

import pathlib
import statistics
import subprocess

import callgrind
import interleaved
from interleaved import ratios, spread

PROGRAMS = ("binary_trees", "string_building", "table_growth")
SCRIPT = pathlib.Path(__file__).with_name("lua_programs.lua")
MUST = "1.10"
COLUMNS = ["what", "requests", "ratio of instructions", *interleaved.columns("ratio of time"), "must be at most"]


class Bench:
    def __init__(self, options):
        self.environment = interleaved.environment_of_a_run({"LUA_CPATH": str(options.build / "lua/?.so")})
        self.lua, self.turns = options.lua, options.turns

    def ran(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, check=True, text=True)

    def once(self, program, *tool):
        """Seconds, and the number of requests where heapster is at work."""
        seconds, *counts = self.ran(self.lua, SCRIPT, program, str(self.turns), *tool).stdout.splitlines()
        return float(seconds), counts[0].split()[0] if counts else ""

    def instructions(self, program, *tool):
        """Of one turn, start and end of the process taken out."""
        one, four = (
            callgrind.instructions([self.lua, SCRIPT, program, turns, *tool], self.environment) for turns in (1, 4))
        return (four - one) / 3

    def instruction_ratio(self, program):
        return self.instructions(program, "heapster") / self.instructions(program)


def rows(taken, instructions):
    """A row a program, and their geometric mean."""
    times = []
    for program in PROGRAMS:
        ours, bare = taken[program, "heapster"], taken[program, ""]
        times.append(ratios([run[0] for run in ours], [run[0] for run in bare]))
        known = f"{instructions[program]:.3f}" if instructions else ""
        yield [program.replace("_", " "), ours[0][1], known, *spread(times[-1]).cells(), ""]
    known = f"{statistics.geometric_mean(instructions.values()):.3f}" if instructions else ""
    yield ["all three (geometric mean)", "", known, *spread(map(statistics.geometric_mean, zip(*times))).cells(), MUST]


def main():
    parser = interleaved.parser(__doc__, rounds=15)
    parser.add_argument("--lua", default="lua5.4", help="the interpreter (lua5.4)")
    parser.add_argument("--turns", type=int, default=40, help="of a program in a run (40)")
    options = interleaved.options(parser)
    if options.quick:
        options.turns = 1
    bench = Bench(options)
    cells = [(program, tool) for program in PROGRAMS for tool in ("", "heapster")]
    taken = interleaved.in_turns(cells, options.rounds, lambda cell: bench.once(cell[0], *filter(None, cell[1:])))
    sheet = interleaved.Sheet(COLUMNS, [interleaved.first_line(options.lua, "-v").partition("  ")[0]])
    if why := callgrind.missing(options):
        sheet.missing["instructions"] = why
    instructions = {} if why else {program: bench.instruction_ratio(program) for program in PROGRAMS}
    sheet.rows = list(rows(taken, instructions))
    sheet.keep("lua", options.output)


if __name__ == "__main__":
    main()
