"""What the malloc hook costs: a pair of malloc and free, counted against bare, interleaved in one run.

A B A B ... on one thread and on two; each ratio is of two neighbouring runs, and the median of all is what counts.
Written as CSV: the command, the machine, then a row a thread count. It does not show cache misses of a large heap.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import sys


def nanoseconds(program, threads, pairs, library=None):
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    if library is not None:
        environment["LD_PRELOAD"] = str(library)
    command = [program, str(threads), str(pairs)]
    return float(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)


def measured(program, library, threads, pairs, rounds):
    bare, counted = [], []
    for _ in range(rounds):
        bare.append(nanoseconds(program, threads, pairs))
        counted.append(nanoseconds(program, threads, pairs, library))
    return bare, counted


def machine():
    model = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    return f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pairs", type=int, default=5_000_000)
    options = parser.parse_args()
    program = options.build / "tests/bench/churn"
    library = (options.build / "lib/libheapster_malloc.so").resolve()

    print(f"# ./dev bench churn: --rounds {options.rounds} --pairs {options.pairs}")
    print(f"# {machine()}")
    print("threads,bare ns a pair,counted ns a pair,ratio,lowest,highest")
    for threads in (1, 2):
        bare, counted = measured(program, library, threads, options.pairs, options.rounds)
        ratios = [b / a for a, b in zip(bare, counted)]
        print(f"{threads},{statistics.median(bare):.1f},{statistics.median(counted):.1f},"
              f"{statistics.median(ratios):.2f},{min(ratios):.2f},{max(ratios):.2f}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
