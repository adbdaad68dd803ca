"""The order of a run's tests beside that of the files, in which pytest has them by itself.

What ran before a test can decide a few of its requests: CPython 3.11 and newer keep the attributes of an object without a
dict of its own only if one of the first thirty objects of the class got them. Every run of pytest loads this module.
"""

from typing import List

import pytest
from _pytest.fixtures import reorder_items


class Order:
    def __init__(self, is_worker: bool) -> None:
        self.is_worker = is_worker
        self.collected: List[pytest.Item] = []

    def note_collected(self, items: List[pytest.Item]) -> None:
        """To be called before plugins and conftests reorder the items."""
        self.collected = items[:]

    def find_files_order(self, items: List[pytest.Item]) -> List[pytest.Item]:
        """These items in the order of the files; those that share a parametrized fixture lie together, as pytest does it."""
        left, known = {*items}, {*self.collected}
        ordered = [each for each in reorder_items(self.collected) if each in left]
        return ordered + [each for each in items if each not in known]

    def is_other(self, items: List[pytest.Item]) -> bool:
        """Whether a run with these items has them in another order. A worker of xdist has only some of them."""
        return self.is_worker or self.find_files_order(items) != items

    def reorder_for_second(self, items: List[pytest.Item], is_reverse: bool) -> None:
        """The order of a second process: that of the files; where the first process had that, in reverse if so asked for."""
        files_order = self.find_files_order(items)
        is_same = files_order == items
        items[:] = files_order[::-1] if is_reverse and is_same else files_order
