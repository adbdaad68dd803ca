"""A diff as text: what is alive now, and by how much the record rose, must not stand there as if they were of one kind
("use_curr: 1.98 MiB" above "use_max: 0 B")."""

import re

import heapster
from verdict import verdict

[object() for _ in range(100_000)]  # raises the record: it will not rise again
before = heapster.stats()
text = str(heapster.stats() - before)
found = re.findall(r"^use_(?:curr|max): .*$", text, re.MULTILINE)
verdict(len(found) < 2, "; ".join(found) or "other names")
