"""Failures of which only the order of the tests, or the hash seed, may be the reason: they are tried in the order of the files,
and with the hash seed that an update's second process has.

That is a process of its own. It may take as long as the run did, so that a run takes twice its time at most; or as long as all
workers of xdist together, if that is not more than minutes.
"""

import copy
from typing import List, NamedTuple, Optional, Sequence, Set

import pytest

from pytest_heapster import second_process
from pytest_heapster.options import PAYLOAD, Settings
from pytest_heapster.records import OTHER_ORDER, OTHER_SEED, Payload, make_payload

# Even if the run was shorter.
LEAST_SECONDS = 60.0

# Workers share the time of a run: one process takes longer. So much more it may take.
MOST_SECONDS_OF_WORKERS = 600.0

OF_ORDER = ("In one more process, in the order of the files, it fails as well.",
            "Whether it is above in the order of the files, too, is not known: {}")  # fmt: skip
OF_SEED = ("In one more process, with a fixed hash seed, it fails as well.",
           "Whether it is above with the hash seed of an update's second process, too, is not known: {}")  # fmt: skip


class Found(NamedTuple):
    """The measurements that keep their limits in the order of the files; why they are not known."""

    kept: Set[str]
    problem: Optional[str]


def _get_payload(setup: pytest.TestReport) -> Payload:
    payload: Payload = getattr(setup, PAYLOAD)
    return payload


def _had_last_pass(setup: pytest.TestReport) -> bool:
    waiting = _get_payload(setup)["waiting"]
    return waiting is not None and waiting["had_last_pass"]


def find_time_limit(seconds: float, workers: int) -> float:
    """How long the process may take after a run that took so long, on so many workers of xdist or on none."""
    return max(LEAST_SECONDS, seconds, min(seconds * workers, MOST_SECONDS_OF_WORKERS))


def try_files_order(
    config: pytest.Config, settings: Settings, waiting: Sequence[pytest.TestReport], seconds: float
) -> Optional[Found]:
    """None if no failure waits for that."""
    if not any(map(_had_last_pass, waiting)):
        return None
    return Found(*second_process.list_kept_in_files_order(config, settings, seconds))


def rebuild(config: pytest.Config, setup: pytest.TestReport, found: Optional[Found]) -> List[pytest.TestReport]:
    """The reports of a test that waited, and of its subtests, from the one that carried its failure."""
    payload = _get_payload(setup)
    waiting, records = payload["waiting"], payload["records"]
    assert waiting is not None
    unpack, ended = config.hook.pytest_report_from_serializable, copy.copy(setup)
    *subreports, called = [unpack(config=config, data=each) if isinstance(each, dict) else each
                           for each in waiting["reports"]]  # fmt: skip
    for each in (*subreports, called):  # xdist notes its worker on what it takes home
        vars(each).update((name, value) for name, value in vars(setup).items() if name not in {*vars(each), PAYLOAD})
    is_tried = found is not None and waiting["had_last_pass"]
    if is_tried and found is not None and found.kept.issuperset(each["name"] for each in records):
        state = OTHER_ORDER if waiting["is_other_order"] else OTHER_SEED
        for each in records:
            each["state"] = state if each["state"] == "failed" or each["improved"] else each["state"]
        called.outcome, called.longrepr = "passed", None
    elif is_tried and found is not None:
        fails_too, unknown = OF_ORDER if waiting["is_other_order"] else OF_SEED
        called.sections.append(("heapster", unknown.format(found.problem) if found.problem else fails_too))
    setattr(called, PAYLOAD, make_payload(payload["fingerprint"], records, is_steady=payload["is_steady"]))
    ended.when, ended.duration = "teardown", 0.0
    delattr(ended, PAYLOAD)
    return [*subreports, called, ended]
