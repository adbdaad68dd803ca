"""What a C extension asks of malloc, in a Python that was started as usual: python3 extensions.py"""

import sqlite3

import heapster


def query():
    with sqlite3.connect(":memory:") as base:
        base.execute("create table t(x)")
        base.executemany("insert into t values (?)", ((n,) for n in range(10_000)))


heapster.hook("malloc")  # or HEAPSTER_HOOKS=malloc,python in the environment
_, diff = heapster.measure(query, heap="malloc")
print(diff.alloc_count, "requests of sqlite3,", heapster.status().malloc_way)
heapster.unhook("malloc")
