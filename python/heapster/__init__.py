"""Exact heap telemetry: what a program asks of its heap, counted always.

    import heapster

    result, diff = heapster.measure(work, 1000)   # diff: how many requests, of which sizes, the peak
    with heapster.limit(alloc_count=10): ...      # an AssertionError where the block asks for more
    print(heapster.report())                      # everything so far

Today a Python program is counted under `heapster run -- python3 program.py`: heap "malloc", the requests that CPython
and its extensions make of the C library. A host may count heaps of its own. status() tells what is hooked.
"""

from heapster._heapster import (
    Heap,
    Histogram,
    Limit,
    LimitExceeded,
    Measuring,
    NotCounting,
    Stats,
    Status,
    UnknownHeap,
    __version__,
    heap,
    heaps,
    hook,
    json,
    limit,
    measure,
    measuring,
    prometheus,
    report,
    reset,
    stats,
    status,
    unhook,
)

__all__ = [
    "Heap",
    "Histogram",
    "Limit",
    "LimitExceeded",
    "Measuring",
    "NotCounting",
    "Stats",
    "Status",
    "UnknownHeap",
    "__version__",
    "heap",
    "heaps",
    "hook",
    "json",
    "limit",
    "measure",
    "measuring",
    "prometheus",
    "report",
    "reset",
    "stats",
    "status",
    "unhook",
]
