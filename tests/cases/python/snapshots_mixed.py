"""Snapshots that have no difference: the wrong way round, from before a reset, of another process. Subtracting them is
an error. usage: snapshots_mixed.py order|reset|process"""

import pickle
import subprocess
import sys

import heapster
from verdict import answer, verdict

CHILD = "import heapster, pickle, sys; sys.stdout.buffer.write(pickle.dumps(heapster.stats()))"


def pair():
    if sys.argv[1] == "process":
        done = subprocess.run([sys.executable, "-c", CHILD], check=True, stdout=subprocess.PIPE)
        return pickle.loads(done.stdout), heapster.stats()
    first = heapster.stats()
    [object() for _ in range(100)]
    if sys.argv[1] == "reset":
        heapster.reset()
        return first, heapster.stats()
    return heapster.stats(), first


before, after = pair()
found = answer(lambda: after - before)
if isinstance(found, Exception):
    verdict(True, repr(found))
else:
    verdict(False, f"a diff, alloc_count {found.alloc_count}")
