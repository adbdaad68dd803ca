"""One benchmark of pyperformance in a plain process; prints the seconds of processor time that its values took.

    python3 pyperf_program.py FILE WARMUPS VALUES [heapster]

A value is what the benchmark's file gives pyperf to time; 0 values are its setting up alone. pyperf would start processes
of its own, and read a clock that other programs disturb: a stand-in of its name has what these files ask of it.
"""

import argparse
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


def runner(warmups, values):
    """pyperf.Runner: `bench_func` is given what is one value, `bench_time_func` what times as many as it is told."""

    class Runner:
        def __init__(self, add_cmdline_args=None):
            self.argparser = argparse.ArgumentParser()
            self.metadata = {}

        def parse_args(self):
            return self.argparser.parse_args([])

        def bench_time_func(self, _, timed, *arguments):
            if warmups:
                timed(warmups, *arguments)
            print(timed(values, *arguments) if values else 0)

        def bench_func(self, name, function, *arguments):
            self.bench_time_func(name, looped, function, *arguments)

    return Runner


def main(file, warmups, values, tool="nothing"):
    if tool == "heapster":
        import heapster  # noqa: F401
    stand_in = types.ModuleType("pyperf")
    stand_in.perf_counter = time.process_time
    stand_in.Runner = runner(int(warmups), int(values))
    sys.modules["pyperf"] = stand_in
    sys.path[0] = os.path.dirname(file)  # where its own modules are
    runpy.run_path(file, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
