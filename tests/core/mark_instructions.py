"""What a frame mark over 8 heaps costs, in instructions, against a bound. As pair_instructions.py, whose words it uses.

A quiet mark is one after a frame in which nothing happened. A busy one is told without a bound: its frame has a request and
a free in every heap, which are in its figure.
"""

import argparse
import pathlib
import sys

from pair_instructions import per_pair


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--quiet", type=float, required=True, help="most instructions of a quiet mark")
    bounds = parser.parse_args()

    program = bounds.build / "tests/core/mark_instructions"
    quiet = per_pair(program, "quiet")
    is_kept = 0 < quiet <= bounds.quiet
    print(f"a quiet mark: {quiet:.1f} instructions, bound {bounds.quiet:.0f}{'' if is_kept else ': BROKEN'}")
    print(f"a busy frame: {per_pair(program, 'busy'):.1f} instructions")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
