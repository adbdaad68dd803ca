"""What a look at the heap costs from Python, over the same look from C: ns, and the ratios that issue 3 bounds.

    heapster run -- python3 tests/bench/bindings.py BUILD [ROUNDS]

In one process, the candidates take turns; a figure is the median over the rounds, by processor time. It does not show a
cold cache, nor what more heaps or threads add to every look.
"""

import ctypes
import platform
import statistics
import sys
import time
import timeit

import heapster

CALLS = 20_000


def empty():
    """The function that is measured, and the yardstick of measure()."""


def timer_of(statement, **names):
    return timeit.Timer(statement, timer=time.process_time, globals=names)


def from_python(function):
    # `function` is called by timeit's own loop, as `function()` stands in a program.
    timer = timer_of("call()", call=function)
    return lambda: timer.timeit(CALLS) / CALLS * 1e9


def measure_empty():
    timer = timer_of("measure(empty)", measure=heapster.measure, empty=empty)
    return lambda: timer.timeit(CALLS) / CALLS * 1e9


def loop():
    timer = timer_of("pass")
    return lambda: timer.timeit(CALLS) / CALLS * 1e9


def core_cost(build):
    library = ctypes.CDLL(f"{build}/lib/libcore_cost.so")
    for name in ("core_cost_stats", "core_cost_window"):
        getattr(library, name).restype = ctypes.c_double
    return library


def main(build, rounds=15):
    core = core_cost(build)
    candidates = {
        "C heapster_stats_read": lambda: core.core_cost_stats(CALLS),
        "Python stats()": from_python(heapster.stats),
        "C window begin and end": lambda: core.core_cost_window(CALLS),
        "Python measure(empty)": measure_empty(),
        "Python empty()": from_python(empty),
        "Python bare loop": loop(),
    }
    taken = {name: [] for name in candidates}
    for _ in range(int(rounds)):
        for name, run in candidates.items():
            taken[name].append(run())
    cost = {name: statistics.median(values) for name, values in taken.items()}

    print(f"# heapster run -- python3 {' '.join(sys.argv)}")
    print(f"# CPython {platform.python_version()}, {platform.machine()}, heaps: {[h.name for h in heapster.heaps()]}")
    print("what,ns")
    for name, value in cost.items():
        print(f"{name},{value:.1f}")
    print(f"stats() / C call,{cost['Python stats()'] / cost['C heapster_stats_read']:.2f}")
    print(f"measure(empty) / empty(),{cost['Python measure(empty)'] / cost['Python empty()']:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
