"""Failed tests that pytest-rerunfailures is to run again: the runs are its own then, and so are the reports."""

from typing import Dict

import pytest

from pytest_heapster.measure import Engine
from pytest_heapster.options import hookimpl
from pytest_heapster.plan import Plan


def is_wanted(item: pytest.Item) -> bool:
    """Whether that plugin is to run the item again when it fails."""
    plugin = item.config.pluginmanager.getplugin("rerunfailures")
    count = getattr(plugin, "get_reruns_count", None)
    return count is not None and bool(count(item))


class Reruns:
    """The tests that were left to it. Each of its runs is measured, and the figures go home with its reports."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.plans: Dict[str, Plan] = {}  # by node id

    def leave(self, item: pytest.Item, plan: Plan) -> None:
        plan.begin(rehearses=False, may_repeat=False)
        self.plans[item.nodeid] = plan

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        plan = self.plans.get(report.nodeid)
        if plan is not None and plan.records() and report.when == "call" and str(report.outcome) != "rerun":
            self.engine.attach(report, plan.records())
