"""Makes and frees values of every class, in all ways that scripts have: values.py COUNT [BYTES].

Ends with 1 if the process grew by more than BYTES over the second half. Meant to run under valgrind or CPython's debug
allocators, which see a value freed twice, read afterwards, or freed where it does not come from. (Under valgrind a
process grows by itself.)
"""

import copy
import json
import os
import pathlib
import pickle
import sys

from builds import HAS_NO_GIL

import heapster


def make_explained(window):
    """Values of an explanation, which there is none of without the GIL."""
    if HAS_NO_GIL:
        return []
    sites = heapster.explain(json.dumps, [1.5, {"a": []}])[1]
    explained = heapster.measure(dict, a=1, explain=True)[1]
    values = [sites, sites.by_live_count(), sites.by_surplus(window.alloc_histogram), *sites, sites.counted, explained]
    return [*values, explained.sites]


def make():
    """Values of every class, from every source."""
    with heapster.measuring(thread_peak=True) as m:
        window = heapster.measure(list, heap="python")[1]
    values = make_explained(window)
    values += [heapster.stats(), heapster.stats("python"), window, m.diff, m.diff.thread, window - window]
    histogram = window.alloc_histogram
    values += [histogram, histogram - histogram, window.realloc_growth_histogram, window.realloc_shrink_histogram]
    values += [pickle.loads(pickle.dumps(window)), copy.copy(window), copy.deepcopy(histogram)]
    values += [heapster.heap("python"), *heapster.heaps(), heapster.status()]
    heapster.watch_large("32 KiB", keep=True)
    bytes(40000)
    heapster.watch_large(0)
    values += heapster.large_requests()
    heapster.frame()
    frames = heapster.frames()
    values += [frames, frames.last, frames.mean, frames.worst]
    values += [frames[0], frames[-1]] if len(frames) else []
    return values


def use(values):
    for value in values:
        assert value == value and not value != value and hash(value) == hash(value)
        assert isinstance(str(value), str) and repr(value)
    for refused in (lambda: values[-1] - 1, lambda: type(values[0])(), lambda: setattr(values[0], "kind", 1)):
        try:
            refused()
        except (TypeError, AttributeError):
            continue
        raise AssertionError("it was not refused")


def run(count):
    """Makes that many values, in turns."""
    while count > 0:
        values = make()
        use(values)
        count -= len(values)


def resident():
    return int(pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def main():
    count = int(sys.argv[1])
    run(count // 2)
    before = resident()
    run(count // 2)
    grown = resident() - before
    print(f"{count} values; {grown} bytes more in the second half")
    return len(sys.argv) > 2 and grown > int(sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
