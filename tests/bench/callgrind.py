"""Instructions that a program's turns (turns.py) take, by callgrind: the same on any day, where a time is noise."""

import concurrent.futures
import os
import re
import shutil
import subprocess

import interleaved


def missing(options):
    """Why nothing is counted; nothing where it is."""
    if options.quick:
        return "left out by --quick"
    return "" if shutil.which("valgrind") else "valgrind is not on PATH"


def instructions(command, turns, environment):
    """Of a run of so many turns, its start and end included."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, command)]
    done = subprocess.run(words, env=environment, input="\n" * turns, capture_output=True, text=True, check=False)
    found = re.search(r"refs: +([\d,]+)", done.stderr)
    if done.returncode or not found:
        raise interleaved.Failed(f"{' '.join(words)}: status {done.returncode}\n{done.stderr[-2000:]}")
    return int(found[1].replace(",", ""))


def ratios(pairs, turns, environment):
    """{name: instructions of the second command over the first's}, of {name: two commands} and {name: turns, fewer and more}.

    More turns less fewer turns is without starting and ending. As many run at once as there are processors: none disturbs
    another.
    """
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:

        def counted(name, command):
            return [pool.submit(instructions, command, times, environment) for times in turns[name]]

        counts = {name: [counted(name, command) for command in commands] for name, commands in pairs.items()}
    return {name: between(*ours) / between(*bare) for name, (bare, ours) in counts.items()}


def between(fewer, more):
    return more.result() - fewer.result()
