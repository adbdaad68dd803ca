"""Exact heap telemetry, always on: every request that a program makes of its heap.

    import heapster

    result, diff = heapster.measure(work, 1000)   # diff: how many requests, of which sizes, the peak
    with heapster.limit(alloc_count=10): ...      # an AssertionError if the block makes more requests
    print(heapster.report())                      # everything so far

The import starts counting Python's objects, as heap "python", unless HEAPSTER_HOOKS says otherwise. Under
`heapster run -- python3 program.py` there is a heap "malloc" as well. A host may count heaps of its own. status() says
what is counted.
"""

from heapster._heapster import (
    Frame,
    Frames,
    Heap,
    Histogram,
    Limit,
    LimitExceeded,
    LimitUnjudged,
    LuaKind,
    LuaKinds,
    Measuring,
    NotCounting,
    Requests,
    Site,
    Sites,
    Stats,
    Status,
    UnknownHeap,
    __version__,
    explain,
    explaining,
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
    "LimitUnjudged",
    "LuaKind",
    "LuaKinds",
    "Measuring",
    "NotCounting",
    "Requests",
    "Site",
    "Sites",
    "Stats",
    "Status",
    "UnknownHeap",
    "__version__",
    "explain",
    "explaining",
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
