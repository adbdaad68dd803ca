"""The work of selftest, in separate processes with and without a hook: python -m heapster.workload HEAP REQUESTS ROUNDS

Prints a JSON object: the requests of one round, how many of them heap HEAP counted or why none, and the least
nanoseconds of a request with its free, by number of threads.
"""

import collections
import itertools
import json
import operator
import sys
import threading
import time
from typing import Any, Callable, Dict, List

import heapster

THREADS = (1, 4)

# An int that CPython does not cache: each new one is a request of its object allocator.
LONG = 1 << 70
nebarrier: Callable[[int], int] = operator.neg

# Too large for CPython's arenas: each block is a request of malloc.
LARGE = 1000


def objects(count: int) -> None:
    """Create and free that many objects, with as little else as possible."""
    collections.deque(map(nebarrier, itertools.repeat(LONG, count)), maxlen=0)


def blocks(count: int) -> None:
    """Allocate and free that many blocks of malloc."""
    collections.deque(map(bytes, itertools.repeat(LARGE, count)), maxlen=0)


WORK: Dict[str, Callable[[int], None]] = {"python": objects, "malloc": blocks}


def _in_threads(work: Callable[[int], None], count: int, number: int) -> float:
    """Return the nanoseconds of a request, if `number` threads share `count` of them; under the GIL they take turns."""
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
