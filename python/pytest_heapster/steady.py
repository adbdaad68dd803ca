"""A moment before each measurement that is like every other: free lists empty, the collector off.

CPython keeps dead objects of some kinds in free lists, so the number of requests depends on what ran before. A full
collection empties them. To visit every object for that takes milliseconds, so most objects are set aside meanwhile
(gc.freeze), and the garbage of earlier tests is collected only when the heap has grown by a quarter.
"""

import gc
import sys

GROWTH = 1.25

# How many measurements pass between two looks at how far it has grown.
EVERY = 16


class Collector:
    def __init__(self) -> None:
        self.blocks_after = 0.0
        self.measurements = 0

    def _is_due(self) -> bool:
        """Whether garbage is to be collected; the count of all blocks is not for free."""
        self.measurements += 1
        return self.measurements % EVERY == 1 and sys.getallocatedblocks() > self.blocks_after * GROWTH

    def settle(self) -> bool:
        """Make the moment; return whether the collector was on, for restore()."""
        was_on = gc.isenabled()
        gc.disable()
        if gc.get_freeze_count():
            gc.collect()  # somebody else set objects aside: unfreeze would take theirs back
        elif self._is_due():
            gc.collect()
            self.blocks_after = sys.getallocatedblocks()
        else:
            gc.freeze()
            gc.collect()
            gc.unfreeze()
        return was_on

    @staticmethod
    def restore(was_on: bool) -> None:
        if was_on:
            gc.enable()
