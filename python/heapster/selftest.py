"""Run the same work with and without each hook, in separate processes: prove that the hook counts every request,
and measure what that costs here.

The figures are nanoseconds for a request and its free, the median of several processes. Several threads take
turns, where CPython has a GIL.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from typing import Any, Dict, List, Optional, Tuple

import heapster
from heapster import command
from heapster.workload import THREADS

PRELOAD = "libheapster_malloc.so"

# Requests of the measured function itself: its iterators, and a thread's first lookup of a function.
FEW = 100

HOOKS = ("python", "malloc")

Run = Dict[str, Any]


class Unable(Exception):
    """Why a run is not possible."""


def _environment(hooks: str) -> Dict[str, str]:
    """Return this process's environment, without the variables of a `heapster run` around it."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HEAPSTER_")}
    preloads = [word for word in variables.pop("LD_PRELOAD", "").replace(":", " ").split() if PRELOAD not in word]
    if preloads:
        variables["LD_PRELOAD"] = ":".join(preloads)
    return {**variables, "HEAPSTER_HOOKS": hooks}


def _command_line(hook: str, is_on: bool, size: Tuple[int, int]) -> List[str]:
    work = [sys.executable, "-m", "heapster.workload", hook, *map(str, size)]
    if hook != "malloc" or not is_on:
        return work
    path = command.find()
    if path is None:
        raise Unable("the heapster command is not found, so nothing can be preloaded")
    return [path, "run", "--output", os.devnull, "--", *work]


def _run(hook: str, is_on: bool, size: Tuple[int, int]) -> Run:
    hooks = "python" if is_on and hook == "python" else "none"
    done = subprocess.run(_command_line(hook, is_on, size), env=_environment(hooks), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)
    try:
        result: Run = json.loads(done.stdout)
        return result
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Unable(f"its process ended with status {done.returncode}: {last}") from None


def _problem(run: Run) -> Optional[str]:
    """Return why the run does not prove that its hook counts every request and nothing else."""
    if run["problem"]:
        return str(run["problem"])
    if not run["asked"] <= run["counted"] <= run["asked"] + FEW:
        return f"{run['counted']:,} counted where {run['asked']:,} were made"
    return None


def _median(runs: List[Run], threads: int) -> float:
    return statistics.median(float(run["ns"][str(threads)]) for run in runs)


def _print_costs(hook: str, off: List[Run], on: List[Run]) -> None:
    for threads in THREADS:
        without, with_hook = _median(off, threads), _median(on, threads)
        name = f"{hook}, {threads} thread{'s' if threads > 1 else ''}"
        print(f"{name:20}{without:10.1f}{with_hook:10.1f}{with_hook - without:10.1f}{with_hook / without:9.2f}x")


def _try(hook: str, processes: int, size: Tuple[int, int]) -> Tuple[Optional[str], List[Run], List[Run]]:
    """Return the problem of the hook, or None; then the runs without and with it, which alternate."""
    off: List[Run] = []
    on: List[Run] = []
    try:
        for _ in range(processes):
            off.append(_run(hook, False, size))
            on.append(_run(hook, True, size))
    except Unable as error:
        return str(error), [], []
    problems = [problem for problem in map(_problem, on) if problem]
    return (problems[0] if problems else None), off, on


def run(is_quick: bool = False) -> int:
    """Print the proof and the figures; return 0 if every hook counts."""
    processes, size = (1, (20_000, 3)) if is_quick else (5, (200_000, 5))
    cores = len(os.sched_getaffinity(0))
    print(f"heapster {heapster.__version__}, {platform.python_implementation()} {platform.python_version()}, "
          f"{platform.machine()}, {cores} core{'s' if cores != 1 else ''}\n")
    found = {hook: _try(hook, processes, size) for hook in HOOKS}
    for hook, (problem, _, on) in found.items():
        print(f"{hook:8}{problem}" if problem else f"{hook:8}counts: {on[0]['asked']:,} requests made and seen")
    print(f"\n{'ns a request':20}{'without':>10}{'with':>10}{'added':>10}{'ratio':>10}")
    for hook, (_, off, on) in found.items():
        if off:
            _print_costs(hook, off, on)
    return 1 if any(problem for problem, _, _ in found.values()) else 0
