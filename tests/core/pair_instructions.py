"""What heapster adds to one malloc+free pair, in instructions, against a bound.

callgrind counts exactly, so unlike a time this has no noise, and a bound can be tight. The instructions of a
pair are the difference of two runs, with N and 2N pairs, divided by N: start-up falls out. What is added is
that of a pair through heapster less that of a bare pair of the same sizes.

Instructions say nothing about cache misses or contention; the bench does.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

PAIRS = 20_000


def instructions(command, preload=None):
    """Instructions of one run, its start and end included."""
    environment = dict(os.environ, LC_ALL="C")
    environment.pop("LD_PRELOAD", None)
    child = ["env", f"LD_PRELOAD={preload}"] if preload else []
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=yes",
         *child, *command],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    collected = re.findall(r"^==\d+== Collected : (\d+)", run.stderr, re.MULTILINE)
    if run.returncode != 0 or not collected:
        sys.exit(f"{' '.join(map(str, command))} under callgrind: status {run.returncode}\n{run.stderr}")
    return int(collected[-1])


def per_pair(program, way, preload=None):
    """Instructions of one pair."""
    once, twice = (instructions([program, way, str(pairs)], preload) for pairs in (PAIRS, 2 * PAIRS))
    return (twice - once) / PAIRS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--heap", type=float, required=True, help="most instructions added by a named heap")
    parser.add_argument("--guest", type=float, required=True, help="the same where another heap had the first block")
    parser.add_argument("--preload", type=float, required=True, help="most instructions added by the preloaded hook")
    parser.add_argument("--domain", type=float, required=True, help="most instructions added by an interpreter's hook")
    bounds = parser.parse_args()

    program = bounds.build / "tests/core/pair_instructions"
    library = (bounds.build / "lib/libheapster_malloc.so").resolve()
    bare = per_pair(program, "bare")
    added = {
        "heap": per_pair(program, "heap") - bare,
        "guest": per_pair(program, "guest") - bare,
        "preload": per_pair(program, "bare", library) - bare,
        "domain": per_pair(program, "domain") - per_pair(program, "below"),
    }
    print(f"a bare pair: {bare:.1f} instructions")
    broken = 0
    for way, instructions_added in added.items():
        bound = getattr(bounds, way)
        kept = 0 < instructions_added <= bound  # nothing added: the library was not loaded
        broken += not kept
        print(f"{way}: {instructions_added:.1f} more, bound {bound:.0f}{'' if kept else ': BROKEN'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
