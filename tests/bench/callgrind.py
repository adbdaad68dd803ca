"""Instructions that programs take, by callgrind: the same on any day, where a time is noise."""

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


def instructions(command, environment):
    """Of one run, its start and end included."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, command)]
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = re.search(r"refs: +([\d,]+)", done.stderr)
    if done.returncode or not found:
        raise interleaved.Failed(f"{' '.join(words)}: status {done.returncode}\n{done.stderr[-2000:]}")
    return int(found[1].replace(",", ""))


def all_instructions(commands, environment):
    """{key: instructions} of {key: command}: as many at once as there are processors, for none disturbs another."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda command: instructions(command, environment), commands.values())
        return dict(zip(commands, counts))
