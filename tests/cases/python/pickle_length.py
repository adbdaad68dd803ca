"""A pickle of a Stats whose bytes are cut: the error must not say that both versions are the same one."""

import heapster
from verdict import answer, verdict

restore, (version, data) = heapster.stats().__reduce__()
error = answer(restore, version, data[:-8])
if not isinstance(error, Exception):
    raise SystemExit("a cut pickle is restored")
verdict(str(error).count(version) < 2, error)
