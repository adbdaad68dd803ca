"""A thread that once kept 30 KB and then sleeps: does it change the peak of a window it takes no part in?"""

import threading

import heapster
from verdict import verdict

KEPT = 220  # blocks of 133 bytes: less than the thread's pending bytes may be


def work():
    for _ in range(1000):
        bytes(200)  # one block at a time


def peak():
    return heapster.measure(work, warmup=2, heap="python")[1]


def keep(ready, end):
    kept = [bytes(100) for _ in range(KEPT)]
    ready.set()
    end.wait()
    kept.clear()


alone = peak().use_peak
ready, end = threading.Event(), threading.Event()
thread = threading.Thread(target=keep, args=(ready, end))
thread.start()
ready.wait()
beside = peak()
try:
    with heapster.limit(use_peak="4 KiB"):
        work()
    limit = "kept"
except heapster.LimitExceeded:
    limit = "broken"
end.set()
thread.join()
is_right = beside.use_peak == alone and beside.foreign_count == 0 and limit == "kept"
verdict(is_right, f"use_peak {beside.use_peak}, alone {alone}, foreign_count {beside.foreign_count}, limit {limit}")
