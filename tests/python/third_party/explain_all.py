"""A pytest plugin: writes a line for each measurement that was explained, with all six figures of its sums.

pytest -p explain_all        with HEAPSTER_EXPLAIN_ALL=FILE. With HEAPSTER_EXPLAIN_BREAK=1 no test may make a
request, so each fails and is run once more to be explained.
"""

import json
import os

import pytest

from pytest_heapster import measure, measurements

FIGURES = ("alloc_count", "alloc_sum", "realloc_growth_count", "realloc_growth_sum", "realloc_move_count",
           "realloc_move_sum")  # fmt: skip


def requests(figures):
    return figures["alloc_count"] + figures["realloc_growth_count"]


def add_up(sites):
    return {name: sum(getattr(site, name) for site in sites) for name in FIGURES}


def describe(record, sites):
    found, counted, under_way = add_up(sites), add_up([sites.counted]), add_up([sites.under_way])
    measured = record["measured"]["figures"]
    return {
        "name": record["name"],
        "requests": requests(counted),
        "is_equal": all(found[name] + under_way[name] == counted[name] for name in FIGURES),
        "elsewhere": sum(requests(add_up([site])) for site in sites if site.file is None),
        "under_way": requests(under_way),
        "unsteady": [counted[name] - measured[name] for name in ("alloc_count", "realloc_growth_count")],
        "sum": record["explained"]["sum"] if record["explained"] else None,
    }


def pytest_configure(config):
    explain = measure.explain_record

    def explain_record(record, sites, *rest):
        explained = explain(record, sites, *rest)
        if sites is not None:
            with open(os.environ["HEAPSTER_EXPLAIN_ALL"], "a", encoding="utf-8") as file:
                file.write(json.dumps(describe({**record, "explained": explained}, sites)) + "\n")
        return explained

    measure.explain_record = measurements.explain_record = explain_record


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    if os.environ.get("HEAPSTER_EXPLAIN_BREAK") == "1":
        for item in items:
            item.add_marker(pytest.mark.heap_limit(alloc_count=0))
