"""One benchmark of pyperformance in a plain process.

    python3 pyperf_program.py FILE VALUES [heapster]

Takes so many values for each line of standard input and prints the seconds of processor time that they took; without a
line it only sets up. A value is what the benchmark's file gives pyperf to time; what that prints goes to standard error.
pyperf would start processes of its own, and read a clock that other programs disturb: a stand-in of its name has what these
files ask of it.
"""

import argparse
import contextlib
import os.path
import runpy
import sys
import time
import types


def looped(values, function, *arguments):
    begin = time.process_time()
    for _ in range(values):
        function(*arguments)
    return time.process_time() - begin


def runner(values, answers):
    """pyperf.Runner: `bench_func` is given what is one value, `bench_time_func` what times as many as it is told."""

    class Runner:
        def __init__(self, add_cmdline_args=None):
            self.argparser = argparse.ArgumentParser()
            self.metadata = {}

        def parse_args(self):
            return self.argparser.parse_args([])

        def bench_time_func(self, _, timed, *arguments):
            for _ in sys.stdin:
                print(f"{timed(values, *arguments):.9f}", file=answers, flush=True)

        def bench_func(self, name, function, *arguments):
            self.bench_time_func(name, looped, function, *arguments)

    return Runner


def main(file, values, tool="nothing"):
    if tool == "heapster":
        import heapster  # noqa: F401
    stand_in = types.ModuleType("pyperf")
    stand_in.perf_counter = time.process_time
    stand_in.Runner = runner(int(values), sys.stdout)
    sys.modules["pyperf"] = stand_in
    sys.path[0] = os.path.dirname(file)  # where its own modules are
    with contextlib.redirect_stdout(sys.stderr):
        runpy.run_path(file, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
