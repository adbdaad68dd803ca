"""python -m heapster: what is installed, whether it counts, what that costs. `run` starts the heapster command."""

import argparse
import os
import platform
import signal
import sys
from typing import List, Optional

import heapster
from heapster import baseline_diff, command, selftest

EPILOG = "Status: 0; 1 where the selftest finds a hook that does not count; 2 for a wrong argument; baseline has its own."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m heapster", description=heapster.__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", metavar="COMMAND", required=True)
    jobs.add_parser("run", add_help=False, help="run a program and print its report: run [OPTION...] -- PROGRAM [ARG...]")
    jobs.add_parser("version", help="print the versions of heapster and of this Python")
    jobs.add_parser("status", help="print what is hooked in a Python program, and how")
    test = jobs.add_parser("selftest", help="prove that each hook counts, and measure what that costs on this machine",
                           description=selftest.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    test.add_argument("--quick", action="store_true", help="the proof, and figures that are only rough")
    jobs.add_parser("baseline", add_help=False, help="compare two baselines of the pytest plugin: baseline diff A B")
    return parser


def _do(given: List[str]) -> int:
    if given[:1] == ["run"]:
        command.become(given)
    if given[:1] == ["baseline"]:
        return baseline_diff.main(given[1:])
    options = _parser().parse_args(given)
    if options.job == "version":
        print(f"heapster {heapster.__version__}, {platform.python_implementation()} {platform.python_version()}")
    if options.job == "status":
        print(heapster.status())
    return selftest.run(options.quick) if options.job == "selftest" else 0


def _end_without_reader() -> int:
    """Return the status of a program that SIGPIPE ends. Redirect stdout to nowhere, since the interpreter writes the rest
    when it ends and would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def main(arguments: Optional[List[str]] = None) -> int:
    try:
        try:
            return _do(sys.argv[1:] if arguments is None else arguments)
        finally:
            print(end="", flush=True)  # now, not at the interpreter's end: `| head` may be gone
    except BrokenPipeError:
        return _end_without_reader()


if __name__ == "__main__":
    sys.exit(main())
