"""Exact heap telemetry: what a program asks of its heap, counted always.

    import heapster

    result, diff = heapster.measure(work, 1000)   # diff: how many requests, of which sizes, the peak
    with heapster.limit(alloc_count=10): ...      # an AssertionError where the block asks for more
    print(heapster.report())                      # everything so far

The import counts Python's objects from there on, as heap "python", unless HEAPSTER_HOOKS says otherwise; under
`heapster run -- python3 program.py` heap "malloc" is there too. A host may count heaps of its own. status() tells all.
"""

from heapster._heapster import (
    Frame,
    Frames,
    Heap,
    Histogram,
    Limit,
    LimitExceeded,
    LuaKind,
    LuaKinds,
    Measuring,
    NotCounting,
    Stats,
    Status,
    UnknownHeap,
    __version__,
    frame,
    frames,
    heap,
    heaps,
    hook,
    json,
    limit,
    live_histogram,
    measure,
    measuring,
    prometheus,
    report,
    reset,
    size_text,
    stats,
    status,
    unhook,
)

__all__ = [
    "Frame",
    "Frames",
    "Heap",
    "Histogram",
    "Limit",
    "LimitExceeded",
    "LuaKind",
    "LuaKinds",
    "Measuring",
    "NotCounting",
    "Stats",
    "Status",
    "UnknownHeap",
    "__version__",
    "frame",
    "frames",
    "heap",
    "heaps",
    "hook",
    "json",
    "limit",
    "live_histogram",
    "measure",
    "measuring",
    "prometheus",
    "report",
    "reset",
    "size_text",
    "stats",
    "status",
    "unhook",
]
