"""Runs the cases and prints a line each: the case, what is seen, what is right, the verdict.

usage: cases.py ROOT BUILD [--at REV] [-v] [NAME...]

NAME is a case ("core/heal_bytes") or a group ("core"). --at REV builds that commit in a folder of its own and runs
today's cases over it. -v shows what each case wrote as well. The status is 1 where a case that is marked as mended is
wrong or fails itself, else 0: this reports, the tests judge.
"""

import argparse
import collections
import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import case_table
import runner


def main():
    options = parse()
    folder = Path(os.environ.get("HEAPSTER_CASES", case_table.HERE)).resolve()
    try:
        cases = case_table.select(case_table.load(folder), options.names)
    except KeyError as error:
        sys.exit(f"cases: there is no case or group {error}")
    with tree_at(options.root, options.at) if options.at else as_it_is(options) as tree:
        sys.exit(report(cases, tree, options.verbose))


def parse():
    parser = argparse.ArgumentParser(prog="./dev cases", description="runs the cases, and prints a line each")
    parser.add_argument("root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--at", metavar="REV", help="over another commit, which is built for it")
    parser.add_argument("-v", "--verbose", action="store_true", help="what each case wrote as well")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a case, or a group: core, command, lua, ...")
    return parser.parse_intermixed_args()


@contextlib.contextmanager
def as_it_is(options):
    yield runner.Tree(options.root.resolve(), options.build.resolve())


@contextlib.contextmanager
def tree_at(root, revision):
    """The commit in a worktree, built without its tests; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="heapster-at-") as folder:
        tree = runner.Tree(Path(folder, "tree"), Path(folder, "tree", "build"))
        quietly("git", "-C", root, "worktree", "add", "--detach", tree.root, revision)
        try:
            python = os.environ.get("HEAPSTER_PYTHON", sys.executable)
            configure = ["cmake", "--preset", "default", f"-DHEAPSTER_PYTHON={python}", "-DHEAPSTER_TESTS=OFF"]
            quietly(*configure, cwd=tree.root)
            quietly("cmake", "--build", tree.build)
            yield tree
        finally:
            quietly("git", "-C", root, "worktree", "remove", "--force", tree.root)


def quietly(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        sys.exit(f"{done.stdout}cases: failed: {' '.join(map(str, command))}")


def report(cases, tree, verbose):
    """Prints the table; answers the status."""
    width = max(len(case.name) for case in cases)
    counts = collections.Counter()
    status = 0
    for case, outcome in runner.run_all(cases, tree):
        known = "not run" if outcome.verdict == "broken" else outcome.verdict
        counts[known] += 1
        if case.mended and outcome.verdict in ("wrong", "broken"):
            status = 1
        print_line(case, outcome, width)
        if verbose:
            print("".join(f"    {line}\n" for line in outcome.output.splitlines()), end="", flush=True)
    print(f"{counts['right']} right, {counts['wrong']} wrong, {counts['not run']} not run")
    return status


def print_line(case, outcome, width):
    seen, verdict = outcome.seen, outcome.verdict
    if verdict in ("not run", "broken"):
        seen, verdict = "", f"not run: {'it fails itself: ' * (verdict == 'broken')}{outcome.seen}"
    mark = " (mended)" if case.mended else ""
    texts = f"seen: {shortened(seen):64} | right: {shortened(case.right):48}"
    print(f"{case.name:{width}} | {texts} | {verdict}{mark}", flush=True)


def shortened(text, length=64):
    return text if len(text) <= length else text[: length - 3] + "..."


if __name__ == "__main__":
    main()
