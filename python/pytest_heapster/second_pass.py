"""The second pass: a test whose figures are only a little too high runs again after all others, when everything is warm.

Its failure waits until then: all that is reported is a set-up, which carries the failure. Whoever prints keeps it, and
reports it if the second pass never comes: after -x, a lost worker, a time limit. If that pass does not help, and the tests
have another order than the files, or perhaps another hash seed than the baseline has seen, the failure waits once more, for a
process that has them in that order, and that seed.
"""

import copy
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import pytest

from pytest_heapster.collected import Collected
from pytest_heapster.measure import Engine
from pytest_heapster.options import PAYLOAD, begins_with_last
from pytest_heapster.order import Order
from pytest_heapster.records import VARIES, Payload, attach_payload
from pytest_heapster.retries import MOST_RUNS, PAUSE, PLAN, Plan, Reports, is_failure_of_call
from pytest_heapster.wording import count

Run = Callable[[pytest.Function, Optional[pytest.Item], Plan], Any]

ADVICE = ("{field} was {least:,} to {most:,} in {runs} runs: if it varies by itself, give it a tolerance, a line "
          "\"{name} {field} {tolerance}\" under heap_tolerance; or let an update find out, which runs all in two processes.")  # fmt: skip

SAME, LAST_SAME = "The same in all {} measured runs.", "The same in the last {} runs."

PART = ("Only a part of the tests ran. What runs before a test can decide a few of its requests, so run all of them before "
        "you change anything.")  # fmt: skip

# The runs of so many tests are spread over a second each. If more wait, the clock is not the reason.
MOST_SPREAD = 20


class Waiting(NamedTuple):
    item: pytest.Function
    number: int  # among all items, which xdist names its reports by


def _find_interactor(session: pytest.Session) -> Any:
    """What sends the reports of an xdist worker home, or None."""
    plugins = session.config.pluginmanager.get_plugins()
    return next((each for each in plugins if hasattr(each, "sendevent") and hasattr(each, "item_index")), None)


def is_wait(report: pytest.TestReport) -> bool:
    payload: Optional[Payload] = getattr(report, PAYLOAD, None)
    return payload is not None and payload["waiting"] is not None


class SecondPass:
    def __init__(self, engine: Engine, order: Order, collected: Collected) -> None:
        self.engine = engine
        self.order = order
        self.collected = collected
        self.waiting: List[Waiting] = []
        self.indices: Dict[pytest.Item, int] = {}

    def is_narrow_failure(self, item: pytest.Function, plan: Plan, reports: Reports) -> bool:
        """Whether nothing but figures that are a little too high failed the test."""
        found = plan.measurements
        is_narrow = found is not None and found.is_broken and not found.is_wide
        is_cold = plan.limits is not None and plan.limits.warmup == 0
        return is_narrow and not is_cold and is_failure_of_call(reports) and not item.session.shouldstop

    def decide(
        self, item: pytest.Function, plan: Plan, reports: Reports, subreports: Reports, is_last_pass: bool
    ) -> Reports:
        """What is reported of a narrow failure: that it waits, that it passes all the same, or the failure."""
        if not is_last_pass:
            return [self._make_wait(item, reports, subreports, is_last_pass)]
        is_second = self.engine.settings.second_report is not None
        if self._try_explain(plan, reports) or is_second or not (self._is_other_order(item) or self._may_hang_on_seed(plan)):
            return reports
        return [self._make_wait(item, reports, subreports, is_last_pass)]

    def _is_other_order(self, item: pytest.Function) -> bool:
        return self.order.is_other(item.session.items)

    def _may_hang_on_seed(self, plan: Plan) -> bool:
        """Whether the baseline has seen figures with another hash seed than that of this process."""
        settings, found = self.engine.settings, plan.measurements
        return settings.has_free_seed and settings.hash_seeds > 1 and found is not None and found.is_beside_baseline

    def _try_explain(self, plan: Plan, reports: Reports) -> bool:
        """Let a test pass whose figures are above the baseline by no more than they differ in its own runs: it varies by
        itself, though the update that made the baseline has not seen it."""
        found, policy = plan.measurements, plan.policy
        assert found is not None and policy is not None
        failed = [each for each in found.records if each["state"] == "failed"]
        is_explained = self.engine.expected.is_explained
        if found.is_beyond_limit or not all(is_explained(each, policy.history[each["name"]].find_seen()) for each in failed):
            return False
        for each in failed:
            each["state"] = VARIES
        called = next(each for each in reports if each.failed)
        called.outcome, called.longrepr = "passed", None
        return True

    def _make_wait(
        self, item: pytest.Function, reports: Reports, subreports: Reports, is_last_pass: bool
    ) -> pytest.TestReport:
        """The report of a test that waits."""
        if not self.indices:
            self.indices = {each: index for index, each in enumerate(item.session.items)}
        if not is_last_pass:
            self.waiting.append(Waiting(item, self.indices[item]))
        called = next(each for each in reports if each.failed)
        payload: Payload = getattr(called, PAYLOAD)
        report = next(each for each in reports if each.when == "setup")
        bare = copy.copy(called)
        delattr(bare, PAYLOAD)
        waiting: List[Any] = [*subreports, bare]
        if self.engine.settings.is_worker:
            pack = item.config.hook.pytest_report_to_serializable
            waiting = [pack(config=item.config, report=each) for each in waiting]
        failure = {
            "reports": waiting,
            "had_last_pass": is_last_pass,
            "is_other_order": self._is_other_order(item),
        }
        attach_payload(report, payload["fingerprint"], payload["records"], waiting=failure, is_steady=payload["is_steady"])
        return report

    def run(self, session: pytest.Session, run: Run) -> None:
        """Run the tests that wait, as if they came next."""
        interactor = _find_interactor(session)
        if begins_with_last(session.config):
            self.waiting.reverse()
        following = [each.item for each in self.waiting[1:]] + [None]
        for number, (waiting, nextitem) in enumerate(zip(self.waiting, following)):
            if session.shouldfail or session.shouldstop:
                break
            if interactor is not None:
                interactor.item_index = waiting.number
            plan = waiting.item.stash[PLAN]
            assert plan is not None
            plan.has_waited = True
            plan.pause = PAUSE if number < MOST_SPREAD else 0.0
            run(waiting.item, nextitem, plan)
        self.waiting = []

    def advise(self, plan: Plan) -> str:
        """What a failure says besides its figures."""
        assert plan.measurements is not None and plan.policy is not None
        words = [f"It ran {count(plan.policy.runs, 'time')}" + (", after all other tests too." if plan.has_waited else ".")]
        if not plan.policy.is_steady:
            words.append(f"Its figures still fell then; a test has {MOST_RUNS} runs, or a second.")
        if not plan.measurements.is_wide:
            words += self._advise_on_baseline(plan)
            words += [PART] if self.collected.leaves_out(self.engine.expected.list_names()) else []
        return " ".join(words)

    def _advise_on_baseline(self, plan: Plan) -> List[str]:
        """How to let what differed from run to run be above the baseline, or that nothing did. No tolerance mends a limit."""
        assert plan.measurements is not None and plan.policy is not None
        words, runs = [], set()
        for record in plan.measurements.records:
            history = plan.policy.history.get(record["name"])
            for rise in self.engine.expected.list_rises(record) if history is not None else ():
                assert history is not None
                runs.add(history.count)
                least, most = history.find_seen()[rise.field]
                if least != most:
                    words.append(ADVICE.format(name=record["name"], field=rise.field, tolerance=rise.find_tolerance(most),
                                               least=least, most=most, runs=history.count))  # fmt: skip
        if words or not runs or min(runs) == 1:
            return words
        is_all = min(runs) == plan.policy.runs - plan.policy.warmup
        return [(SAME if is_all else LAST_SAME).format(min(runs))]
