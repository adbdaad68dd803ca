"""Makes and drops so many Python objects, one request of 40 bytes each: objects.py bare|counted|explained COUNT"""

import itertools
import sys

KEPT = 150_000  # 6.9 MiB
ARENA = 1 << 20  # of CPython's allocator


class Thing:
    __slots__ = ("kept",)


def vacate(things):
    """Makes a few vacant places, which the next objects take: at the begin of a MiB, far inside memory that has nothing
    but these objects. Elsewhere an object might be a foreign block of its segment by chance (the guard domain-foreign
    is about those), might ask for a new pool, or might take CPython a few instructions more to find its arena.
    """
    inside = range(len(things) // 3, 2 * len(things) // 3)
    first = min(inside, key=lambda index: id(things[index]) % ARENA)
    del things[first : first + 10]


def main():
    if sys.argv[1] != "bare":
        import heapster  # counts from here on

    things = [Thing() for _ in range(KEPT)]
    vacate(things)
    if sys.argv[1] == "explained":
        window = heapster.explaining()  # ends with the program
        window.__enter__()
    for _ in itertools.repeat(None, int(sys.argv[2])):  # asks for nothing itself
        Thing()


main()
