"""Two ways of building a buffer: how often has each to be resized, and what has to move?

heapster run -o /dev/null -- python3 thrashing.py
"""

import heapster

CHUNKS = [bytes(4000)] * 1000


def grow():
    buffer = bytearray()
    for chunk in CHUNKS:
        buffer += chunk
    return buffer


def join():
    return b"".join(CHUNKS)


growing = heapster.measure(grow)[1]
joining = heapster.measure(join)[1]
for field in "realloc_growth_count", "realloc_move_count", "realloc_move_avg":
    print(f"{field}: {getattr(growing, field)} grown, {getattr(joining, field)} joined")
assert joining.realloc_growth_count < growing.realloc_growth_count
