"""A moment before each measurement that is like every other: free lists empty, the collector off.

CPython keeps dead objects of some kinds in free lists, so the number of requests depends on what ran before. A full
collection empties them. To visit every object for that takes milliseconds, so most objects are set aside meanwhile
(gc.freeze), and the garbage of earlier tests is collected only when the heap has grown by a quarter.
"""

import gc
import sys

GROWTH = 1.25


class Collector:
    def __init__(self) -> None:
        self.blocks_after = 0.0

    def settle(self) -> bool:
        """Make the moment; return whether the collector was on, for restore()."""
        was_on = gc.isenabled()
        gc.disable()
        if gc.get_freeze_count():
            gc.collect()  # somebody else set objects aside: unfreeze would take theirs back
        elif sys.getallocatedblocks() > self.blocks_after * GROWTH:
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
