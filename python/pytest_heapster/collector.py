"""The garbage collector around measurements: each begins and ends with CPython's free lists empty.

CPython keeps dead objects of some kinds in free lists, so the number of requests, and of blocks alive, depends on what
ran before. A full collection empties them; a window opened with gc="stop" makes one before it and one at its end. Visiting
every object takes milliseconds, so the objects that are alive already are set aside meanwhile (gc.freeze). The garbage of
earlier tests is collected only when the heap has grown by a quarter.
"""

import contextlib
import gc
import sys
from typing import Iterator

GROWTH = 1.25
LOOK_EVERY = 16  # measurements: counting all blocks is not free


class Collector:
    def __init__(self) -> None:
        self.blocks_after = 0.0
        self.measurements = 0

    def _next_collection_is_due(self) -> bool:
        self.measurements += 1
        return self.measurements % LOOK_EVERY == 1 and sys.getallocatedblocks() > self.blocks_after * GROWTH

    @contextlib.contextmanager
    def around(self) -> Iterator[None]:
        """Around a measurement; they nest. Callbacks of others, such as hypothesis', would make objects inside it."""
        callbacks = gc.callbacks[:]
        gc.callbacks.clear()
        if self._next_collection_is_due():
            gc.collect()
            self.blocks_after = sys.getallocatedblocks()
        is_frozen = not gc.get_freeze_count()  # unfreeze would take back what the program set aside
        if is_frozen:
            gc.freeze()
        try:
            yield
        finally:
            if is_frozen:
                gc.unfreeze()
            gc.callbacks[:0] = callbacks
