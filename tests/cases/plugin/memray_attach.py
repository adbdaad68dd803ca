"""malloc hooked at run time, then a memray.Tracker, which points import tables at itself and back: afterwards malloc is
counted again."""

import os
import subprocess

from verdict import virtual_environment

SCRIPT = """
import sqlite3

import heapster
import memray
from verdict import verdict


def query():
    base = sqlite3.connect(":memory:")
    base.execute("create table t(x)")
    base.close()


heapster.hook("malloc")
before = heapster.measure(query, heap="malloc", warmup=2)[1].alloc_count
with memray.Tracker("trace.bin"):
    query()
after = heapster.measure(query, heap="malloc", warmup=2)[1].alloc_count
verdict(after == before > 0, f"{before} requests before, {after} after: {heapster.status().malloc_problem}")
"""

python = virtual_environment("memray")
done = subprocess.run([python, "-c", SCRIPT], env=os.environ)
raise SystemExit(done.returncode)
