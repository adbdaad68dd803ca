"""The second pass: a test whose figures are only a little too high runs again after all others, when everything is warm.

Its failure waits until then: all that is reported is a set-up, which carries the failure. Whoever prints keeps it, and
reports it if the second pass never comes: after -x, a lost worker, a time limit.
"""

import copy
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import pytest

from pytest_heapster.measure import Engine
from pytest_heapster.options import PAYLOAD
from pytest_heapster.results import Payload, attach_payload, make_payload
from pytest_heapster.retries import MOST_RUNS, PLAN, Plan, Reports, is_failure_of_call

Run = Callable[[pytest.Function, Optional[pytest.Item], Plan], Any]

VARIES = ("If it varies by itself, give it a tolerance: a line {test} alloc_count 2 under heap_tolerance; or let an update "
          "find out, which runs all in two processes.")  # fmt: skip


class Waiting(NamedTuple):
    item: pytest.Function
    number: int  # among all items, which xdist names its reports by


def _find_interactor(session: pytest.Session) -> Any:
    """What sends the reports of an xdist worker home, or None."""
    plugins = session.config.pluginmanager.get_plugins()
    return next((each for each in plugins if hasattr(each, "sendevent") and hasattr(each, "item_index")), None)


class SecondPass:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.waiting: List[Waiting] = []
        self.indices: Dict[pytest.Item, int] = {}

    def can_wait(self, item: pytest.Function, plan: Plan, reports: Reports) -> bool:
        """Whether nothing but figures that are a little too high failed the test."""
        found = plan.measurements
        is_narrow = found is not None and found.is_broken and not found.is_wide
        is_cold = plan.limits is not None and plan.limits.warmup == 0
        return is_narrow and not is_cold and is_failure_of_call(reports) and not item.session.shouldstop

    def make_wait(self, item: pytest.Function, reports: Reports) -> pytest.TestReport:
        """The report of a test that waits."""
        if not self.indices:
            self.indices = {each: index for index, each in enumerate(item.session.items)}
        self.waiting.append(Waiting(item, self.indices[item]))
        called = next(each for each in reports if each.failed)
        payload: Payload = getattr(called, PAYLOAD)
        report = next(each for each in reports if each.when == "setup")
        failure = {
            "words": called.longreprtext,
            "sections": list(called.sections),
            "properties": list(called.user_properties),
            "duration": called.duration,
        }
        attach_payload(report, payload["fingerprint"], payload["records"], waiting=failure, is_steady=payload["is_steady"])
        return report

    def run(self, session: pytest.Session, run: Run) -> None:
        """Run the tests that wait, as if they came next."""
        interactor = _find_interactor(session)
        following = [each.item for each in self.waiting[1:]] + [None]
        for waiting, nextitem in zip(self.waiting, following):
            if session.shouldfail or session.shouldstop:
                break
            if interactor is not None:
                interactor.item_index = waiting.number
            plan = waiting.item.stash[PLAN]
            assert plan is not None
            plan.has_waited = True
            run(waiting.item, nextitem, plan)
        self.waiting = []

    def advise(self, plan: Plan) -> str:
        """What a failure says besides its figures."""
        assert plan.measurements is not None and plan.policy is not None
        words = [f"It ran {plan.policy.runs} times" + (", after all other tests too." if plan.has_waited else ".")]
        if not plan.policy.is_steady:
            words.append(f"Its figures still fell then; a test has {MOST_RUNS} runs, or a second.")
        if not plan.measurements.is_wide:
            words.append(VARIES.format(test=plan.measurements.test))
        return " ".join(words)


def rebuild_failure(setup: pytest.TestReport) -> List[pytest.TestReport]:
    """The reports of a failure whose second pass never came, from the one that carried it."""
    payload: Payload = getattr(setup, PAYLOAD)
    waiting = payload["waiting"]
    assert waiting is not None
    called, ended = copy.copy(setup), copy.copy(setup)
    called.when, called.outcome, called.longrepr = "call", "failed", waiting["words"]
    called.sections = [(name, text) for name, text in waiting["sections"]]
    called.user_properties = [(name, value) for name, value in waiting["properties"]]
    called.duration = waiting["duration"]
    records, fingerprint = payload["records"], payload["fingerprint"]
    setattr(called, PAYLOAD, make_payload(fingerprint, records, is_steady=payload["is_steady"]))
    ended.when, ended.duration = "teardown", 0.0
    delattr(ended, PAYLOAD)
    return [called, ended]
