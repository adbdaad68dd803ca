"""What counting costs real programs: wall time and peak memory, watched against bare, in turns.

Each is one process (gcc is its cc1), so that every tool watches the whole of it. It does not show a program with many
threads, nor one that runs for days.
"""

import contextlib
import dataclasses
import math
import os
import pathlib
import shutil
import socket
import statistics
import sys
import tempfile
import time

import interleaved
import program_inputs
import ways
from interleaved import ratios, spread

PACKAGES = ("sqlite3", "lua5.4", "python3", "gcc-12", "git", "redis-tools", *ways.PACKAGES)
COLUMNS = [
    "program", "way", "seconds", *interleaved.columns("time over bare"), *interleaved.columns("heapster's time over this"),
    *interleaved.columns("processor time over bare"), "peak MiB", *interleaved.columns("peak over bare"),
]  # fmt: skip
MEAN = "geometric mean"


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    needs: str  # on PATH
    prepare: object  # (folder, scale) -> (words, what else `take` needs); makes its inputs in the folder
    take: object = None  # (runner, words, what else, environment) -> Run; None: it reads what else as standard input


def sqlite(folder, scale):
    return ["sqlite3", ":memory:"], program_inputs.sqlite(folder, scale)


def lua(folder, scale):
    script, rounds = program_inputs.lua(folder, scale)
    return ["lua5.4", script, rounds], None


def python(folder, scale):
    mix = pathlib.Path(__file__).with_name("python_programs.py")
    one_turn = folder / "one_turn"
    one_turn.write_text("\n")
    return [sys.executable, mix, "mix", max(1, int(20 * scale))], one_turn


def gcc(folder, scale):
    compiler = interleaved.first_line("gcc", "-print-prog-name=cc1")
    return [compiler, "-quiet", "-O2", program_inputs.c_source(folder, scale), "-o", os.devnull], None


def git(folder, scale):
    return ["git", "-C", program_inputs.repository(folder, scale), "log", "-p", "--stat", "main"], None


def redis(folder, scale):
    """The server by a name of its own: Debian's redis-tools has it, and starts no service as redis-server does."""
    server = folder / "redis-server"
    server.symlink_to(shutil.which("redis-check-rdb"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "no"]
    return [server, *settings], max(500, int(30_000 * scale))


def wait_until_it_serves(server, port):
    for _ in range(200):
        if server.child.poll() is not None:
            server.finish()
            raise interleaved.Failed("the server ended before it served")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise interleaved.Failed("the server did not serve within 10 seconds")


def take_redis(runner, words, requests, environment):
    """The wall time is redis-benchmark's; processor time and memory are the server's."""
    port = words[words.index("--port") + 1]
    with runner.start(words, environment) as server:
        wait_until_it_serves(server, port)
        load = ["redis-benchmark", "-p", port, "-n", requests, "-r", 50_000, "-d", 100, "-P", 16, "-q",
                "-t", "set,get,lpush,lpop,hset,zadd"]  # fmt: skip
        seconds = runner.run(load).seconds
        runner.run(["redis-cli", "-p", port, "shutdown", "nosave"])
        return dataclasses.replace(server.finish(), seconds=seconds)


def take_program(runner, words, given, environment):
    return runner.run(words, environment, given)


PROGRAMS = [
    Program("sqlite3", "sqlite3", sqlite),
    Program("lua5.4", "lua5.4", lua),
    Program("python3", "python3", python),
    Program("gcc", "gcc", gcc),
    Program("git log", "git", git),
    Program("redis", "redis-check-rdb", redis, take_redis),
]


@dataclasses.dataclass(frozen=True)
class Watched:
    name: str
    prefix: tuple = ()
    environment: dict = dataclasses.field(default_factory=dict, hash=False)


def watched_ways(build):
    """Bare, then each that can be had; and why the others cannot."""
    found = [Watched("bare"), Watched("heapster", (str(build / "bin/heapster"), "run", "-o", os.devnull, "--"))]
    peers = ways.peers()
    found += [Watched(way.name, environment=way.environment()) for way in peers if not way.missing]
    return found, {way.name: way.missing for way in peers if way.missing}


def taker(runner, root, programs, scale):
    """How a cell, (program, way), is run; the inputs are made once."""
    ready = {}
    for program in programs:
        folder = root / program.needs
        folder.mkdir()
        ready[program.name] = (program.take or take_program, *program.prepare(folder, scale))

    def take(cell):
        program, way = cell
        how, words, given = ready[program]
        return how(runner, [*way.prefix, *words], given, way.environment)

    return take


def tried(cells, take):
    """A run of each, which also warms the files: those that work, and why a peer's do not. Ours and bare must."""
    working, failures = [], {}
    for program, way in cells:
        try:
            take((program, way))
            working.append((program, way))
        except interleaved.Failed as failure:
            if way.name in ("bare", "heapster"):
                raise
            failures[f"{way.name} with {program}"] = str(failure).splitlines()[0]
    return working, failures


class Table:
    """The runs taken, and the figures drawn from them."""

    def __init__(self, taken):
        self.runs = {(program, way.name): runs for (program, way), runs in taken.items()}

    def over(self, program, way, base, figure):
        return ratios(map(figure, self.runs[program, way]), map(figure, self.runs[program, base]))

    def means_over(self, programs, way, base, figure):
        """The geometric mean over the programs, one a round."""
        logs = [map(math.log, self.over(program, way, base, figure)) for program in programs]
        return [math.exp(statistics.mean(one_round)) for one_round in zip(*logs)]

    def rows(self):
        for (program, way), runs in self.runs.items():
            yield [program, way, f"{statistics.median(map(seconds, runs)):.3f}",
                   *spread(self.over(program, way, "bare", seconds)).cells(),
                   *spread(self.over(program, "heapster", way, seconds)).cells(),
                   *spread(self.over(program, way, "bare", processor)).cells(),
                   f"{statistics.median(map(peak, runs)) / 2**20:.1f}",
                   *spread(self.over(program, way, "bare", peak)).cells()]  # fmt: skip

    def mean_rows(self):
        """A peer's mean is over the programs that it can watch, and so is heapster's over it."""
        for way in dict.fromkeys(way for _, way in self.runs):
            programs = [program for program, other in self.runs if other == way]
            yield [MEAN, way, "", *spread(self.means_over(programs, way, "bare", seconds)).cells(),
                   *spread(self.means_over(programs, "heapster", way, seconds)).cells(),
                   *spread(self.means_over(programs, way, "bare", processor)).cells(),
                   "", *spread(self.means_over(programs, way, "bare", peak)).cells()]  # fmt: skip


def seconds(run):
    return run.seconds


def processor(run):
    return run.processor


def peak(run):
    return run.peak


def main():
    parser = interleaved.parser(__doc__, rounds=7)
    parser.add_argument("--program", action="append", choices=[program.name for program in PROGRAMS],
                        help="only this one; may be given again")  # fmt: skip
    options = interleaved.options(parser)
    chosen = [program for program in PROGRAMS if program.name in (options.program or [one.name for one in PROGRAMS])]
    here = [program for program in chosen if shutil.which(program.needs)]
    found, missing = watched_ways(options.build)
    missing |= {program.name: f"{program.needs} is not on PATH" for program in chosen if program not in here}

    with tempfile.TemporaryDirectory(prefix="heapster-bench-") as root:
        scale = 0.01 if options.quick else 1
        take = taker(interleaved.Runner(options.build), pathlib.Path(root), here, scale)
        cells, failures = tried([(program.name, way) for program in here for way in found], take)
        table = Table(interleaved.in_turns(cells, options.rounds, take))
    sheet = interleaved.Sheet(COLUMNS, interleaved.package_versions(*PACKAGES), missing | failures)
    sheet.rows = [*table.rows(), *table.mean_rows()]
    sheet.keep("programs", options.output)


if __name__ == "__main__":
    main()
