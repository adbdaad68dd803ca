"""The work of selftest, in separate processes with and without a hook: python -m heapster.workload HEAP REQUESTS ROUNDS

Prints a JSON object: the requests of one round, how many of them heap HEAP counted or why none, and the least
nanoseconds of a request with its free, by number of threads.
"""

import collections
import itertools
import json
import operator
import sys
import sysconfig
import threading
import time
from typing import Any, Callable, Dict, List

import heapster

THREADS = (1, 4)

# An int that CPython does not cache: each new one is a request of its object allocator.
LONG = 1 << 70
nebarrier: Callable[[int], int] = operator.neg

# Too large for CPython's arenas: each block is a request of malloc. Without the GIL CPython has an allocator of its own
# for all sizes, so there malloc itself is called.
LARGE = 1000
HAS_NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
if HAS_NO_GIL:
    import ctypes

    libc = ctypes.CDLL(None)
    libc.malloc.argtypes, libc.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    libc.free.argtypes, libc.free.restype = [ctypes.c_void_p], None


def objects(count: int) -> None:
    """Create and free that many objects, with as little else as possible."""
    collections.deque(map(nebarrier, itertools.repeat(LONG, count)), maxlen=0)


def blocks(count: int) -> None:
    """Allocate and free that many blocks of malloc."""
    sizes = itertools.repeat(LARGE, count)
    collections.deque(map(libc.free, map(libc.malloc, sizes)) if HAS_NO_GIL else map(bytes, sizes), maxlen=0)


WORK: Dict[str, Callable[[int], None]] = {"python": objects, "malloc": blocks}


def _in_threads(work: Callable[[int], None], count: int, number: int) -> float:
    """Return the nanoseconds of a request, if `number` threads share `count` of them, in turns if there is a GIL."""
    if number == 1:
        start = time.perf_counter()
        work(count)
        return (time.perf_counter() - start) * 1e9 / count
    barrier = threading.Barrier(number + 1)

    def run() -> None:
        barrier.wait()
        work(count // number)
        barrier.wait()

    threads: List[threading.Thread] = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    barrier.wait()
    seconds = time.perf_counter() - start
    for thread in threads:
        thread.join()
    return seconds * 1e9 / count


def proof(heap: str, count: int) -> Dict[str, Any]:
    """Return how many of `count` requests heap `heap` counts, or why none."""
    try:
        diff = heapster.measure(WORK[heap], count, heap=heap, scope="thread", warmup=1)[1]
        return {"asked": count, "counted": diff.alloc_count, "problem": None}
    except heapster.NotCounting as error:
        return {"asked": count, "counted": 0, "problem": str(error)}


def main(heap: str, count: int, rounds: int) -> None:
    result = proof(heap, count)
    result["ns"] = {number: min(_in_threads(WORK[heap], count, number) for _ in range(rounds)) for number in THREADS}
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
