"""What a frame mark over 8 heaps costs, in instructions, against a bound. As pair_instructions.py, whose words it uses.

A quiet mark is one after a frame in which nothing happened. The look for libraries that were loaded meanwhile is what a mark
takes more while malloc is hooked at run time than after it was unhooked. A busy mark is told without a bound: its frame has a
request and a free in every heap, which are in its figure.
"""

import argparse
import pathlib
import sys

from pair_instructions import per_pair


def is_kept(what, found, bound):
    kept = 0 < found <= bound
    print(f"{what}: {found:.1f} instructions, bound {bound:.0f}{'' if kept else ': BROKEN'}")
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--quiet", type=float, required=True, help="most instructions of a quiet mark")
    parser.add_argument("--look", type=float, required=True, help="most instructions added by a look for libraries")
    bounds = parser.parse_args()

    program = bounds.build / "tests/core/mark_instructions"
    look = per_pair(program, "hooked") - per_pair(program, "unhooked")
    kept = [
        is_kept("a quiet mark", per_pair(program, "quiet"), bounds.quiet),
        is_kept("a look for libraries", look, bounds.look),
    ]
    print(f"a busy frame: {per_pair(program, 'busy'):.1f} instructions")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
