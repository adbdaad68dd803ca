"""Which lines made the requests of a measurement, as plain data and words. Pure functions, tested without pytest.

A failed test runs once more to be explained, so that no other run pays for it. Each line is the nearest one below
rootdir; the innermost line, of a library, stands behind it in brackets.
"""

from typing import Any, Dict, List, Mapping, Optional, Sequence, TypedDict

import heapster
from heapster import figures
from heapster.baseline import LOWS

# How many lines a failure shows.
FEW = 10

COUNTS = ("alloc_count", "realloc_growth_count")
NAMES = ("file", "line", "function", "via", "alloc_count", "alloc_sum", "realloc_growth_count", "realloc_growth_sum",
         "realloc_move_count", "realloc_move_sum", "live_count", "live_bytes")  # fmt: skip


class Explained(TypedDict):
    """`sites` are the first lines as heapster.Site has them, without their histograms; `lines` the same in words."""

    lines: List[str]
    rest: str  # what further lines requested; empty if there are none
    sum: str  # how much of it is explained, and by how much the explained run differs from the measured one
    sites: List[Dict[str, Any]]


def make_surplus(before: Mapping[int, int], after: Mapping[int, int]) -> heapster.Histogram:
    """By how much there are more requests than before, by their buckets."""
    return heapster.Histogram([max(0, after.get(low, 0) - before.get(low, 0)) for low in LOWS])


def list_prefixes(root: str) -> List[str]:
    """What is left out in front of a path: the folders of the project, of packages, of Python's library."""
    import sysconfig  # only here: most runs explain nothing

    paths = sysconfig.get_paths()
    folders = [root, *(paths[name] for name in ("purelib", "platlib", "stdlib", "platstdlib") if name in paths)]
    return list(dict.fromkeys(folder.rstrip("/") + "/" for folder in folders))


def shorten(path: str, prefixes: Sequence[str]) -> str:
    return next((path[len(each) :] for each in prefixes if path.startswith(each)), path)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def describe_requests(allocs: int, growths: int) -> str:
    words = [_count(allocs, "alloc")] if allocs or not growths else []
    return ", ".join(words + ([_count(growths, "growth")] if growths else []))


def describe_site(site: heapster.Site, prefixes: Sequence[str], is_live: bool) -> str:
    """3 allocs, 1 growth, 1.17 KiB: page.py:12 in parse (json/encoder.py:200 in iterencode)"""
    words = [f"{site.live_count:,} alive"] if is_live else []
    words.append(describe_requests(site.alloc_count, site.realloc_growth_count))
    words.append(heapster.size_text(site.alloc_sum + site.realloc_growth_sum))
    if site.file is None and site.function is None:
        place = "elsewhere"
    else:
        line = f":{site.line}" if site.line else ""
        place = f"{shorten(site.file or '', prefixes)}{line} in {site.function}"
    via = f" ({shorten(site.via, prefixes)})" if site.via else ""
    return f"{', '.join(words)}: {place}{via}"


def _describe_sum(sites: heapster.Sites, measured: Mapping[str, int]) -> str:
    words = str(sites.table(0)).splitlines()[-1]
    changed = [f"{figures.figure(name, getattr(sites.counted, name))} instead of {figures.figure(name, measured[name])} "
               f"as {name}" for name in COUNTS if getattr(sites.counted, name) != measured[name]]  # fmt: skip
    return f"{words}; unsteady: this run had {', '.join(changed)}" if changed else words


def explain(
    sites: heapster.Sites,
    measured: Mapping[str, int],
    surplus: Optional[heapster.Histogram],
    is_live: bool,
    prefixes: Sequence[str],
) -> Explained:
    """The lines of a run with these sites, for a measurement with these figures. First come those that left blocks, if
    `is_live`, or those with requests in the surplus."""
    ranked = sites.by_live_count() if is_live else sites if surplus is None else sites.by_surplus(surplus)
    every = list(ranked)
    few, others = every[:FEW], every[FEW:]
    rest = ""
    if others:
        requests = describe_requests(sum(each.alloc_count for each in others),
                                     sum(each.realloc_growth_count for each in others))  # fmt: skip
        rest = f"and {_count(len(others), 'more line')} with {requests}"
    return {
        "lines": [describe_site(each, prefixes, is_live) for each in few],
        "rest": rest,
        "sum": _describe_sum(sites, measured),
        "sites": [{name: getattr(each, name) for name in NAMES} for each in few],
    }


def list_alive(sites: heapster.Sites, prefixes: Sequence[str]) -> List[str]:
    """A line for each of the first lines from which blocks stayed."""
    alive = [each for each in sites.by_live_count() if each.live_count]
    return [f"  {describe_site(each, prefixes, is_live=True)}" for each in alive[:FEW]]


def list_words(explained: Explained) -> List[str]:
    """All of it, one line each."""
    rest = [explained["rest"]] if explained["rest"] else []
    return [*explained["lines"], *rest, explained["sum"]]
