"""Limits that are integers of another type than int, as numpy's are."""

import numbers

import heapster
from verdict import answer, verdict


class Integer:
    """What of numpy.int64 matters: __index__, and it is registered as an integer."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


numbers.Integral.register(Integer)
found = [
    answer(heapster.limit, alloc_count=Integer(10)),
    answer(heapster.limit, alloc_count=(Integer(0), Integer(10))),
]
errors = [error for error in found if isinstance(error, Exception)]
verdict(not errors, errors[0] if errors else "accepted")
