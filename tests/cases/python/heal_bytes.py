"""Hook, unhook, objects freed unseen, hook: do the figures heal, or does the status say what is not known?"""

import heapster
from verdict import verdict


def use_memory_again():
    for size in range(1, 1200, 50):
        kept = [bytes(size) for _ in range(3000)]
        del kept


use_memory_again()
before = heapster.stats("python")
kept = [bytes(300 + number % 1000) for number in range(5000)]
heapster.unhook("python")
del kept
heapster.hook("python")
for _ in range(10):
    use_memory_again()
after, status = heapster.stats("python"), heapster.status()
diff = after - before
live, use = diff.live_change - status.doubtful_count, diff.use_change - status.doubtful_bytes
verdict(
    live <= 0 and use <= 0 and diff.live_change < 1000 and not status.lost_size_count,
    f"live {diff.live_change}, doubtful {status.doubtful_count}; use {diff.use_change}, doubtful {status.doubtful_bytes}; "
    f"lost sizes {status.lost_size_count}",
)
