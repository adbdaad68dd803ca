"""A limit's pair whose least is a negative size, for a signed field."""

import heapster
from verdict import answer, verdict

found = answer(heapster.limit, use_change=("-1 KiB", "1 KiB"))
verdict(not isinstance(found, Exception), found if isinstance(found, Exception) else "accepted")
