"""A baseline with which a run compared nothing, since no test is marked and none is measured by an option.

Loaded only if the file is there and the run measured nothing.
"""

from typing import Optional, Tuple

from heapster import baseline_file

from pytest_heapster.collected import Collected
from pytest_heapster.options import Settings


def describe(settings: Settings, collected: Collected) -> Tuple[Optional[str], bool]:
    """What the summary says of the file, None if no entry belongs to this run; and whether it can be read."""
    try:
        baseline = baseline_file.read(settings.baseline)
    except FileNotFoundError:
        return None, True
    except baseline_file.Unreadable as error:
        return str(error), False
    names = {name for entries in baseline.values() for name in entries}
    number = len(collected.list_asked(names))
    if not number:
        return None, True
    entries = "1 entry" if number == 1 else f"{number} entries"
    return (f"{settings.baseline.name} has {entries}, but no test was measured: add `heap_all = true` to the ini file, or "
            "--heap-all"), True  # fmt: skip
