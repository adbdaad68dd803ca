"""pytest's hooks: which tests are measured, in which runs, and where the figures go. It decides nothing about figures."""

import contextlib
from typing import TYPE_CHECKING, Any, Generator, Iterator, List, Optional, Tuple

import pytest

from pytest_heapster import runs
from pytest_heapster.options import Settings

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from pytest_heapster.engine import Engine
    from pytest_heapster.fixture import Heap
    from pytest_heapster.probe import Probe
    from pytest_heapster.record import Parcel, Record
    from pytest_heapster.results import Results
    from pytest_heapster.terms import Terms

MARKER = "heap_limit"

# What a report carries the figures home as.
PARCEL = "heapster"

RAN_BEFORE = (
    "It passed when it ran the first time, to warm up. If it cannot run twice in a process: heap_limit(warmup=0)."
)

Wrapper = Generator[None, Any, None]


class Plan:
    """How a test is measured: where `terms` is None, only by the fixture. And its run at hand."""

    def __init__(self, terms: "Optional[Terms]", is_marked: bool) -> None:
        self.terms = terms
        self.is_marked = is_marked
        self.rehearses = False
        self.may_repeat = False
        self.probe: "Optional[Probe]" = None

    def begin(self, rehearses: bool, may_repeat: bool) -> None:
        self.rehearses, self.may_repeat, self.probe = rehearses, may_repeat, None

    def new_probe(self, name: str) -> None:
        from pytest_heapster.probe import Probe

        self.probe = Probe(name, self.may_repeat)

    def records(self) -> "List[Record]":
        return self.probe.records if self.probe else []

    def take_records(self) -> "List[Record]":
        """Those that no report has brought home yet."""
        records = self.records() if self.probe and not self.probe.is_home else []
        if self.probe:
            self.probe.is_home = bool(records)
        return records


PLAN = pytest.StashKey[Optional[Plan]]()


def _uses_fixture(item: pytest.Function) -> bool:
    definitions = item._fixtureinfo.name2fixturedefs.get("heap", ())
    return any(getattr(each.func, "__module__", "") == "pytest_heapster" for each in definitions)


def _name(item: pytest.Item) -> str:
    """The node id, without the group that xdist's loadgroup adds."""
    group = item.get_closest_marker("xdist_group")
    words = [*group.args, group.kwargs.get("name")] if group else []
    return item.nodeid[: -len(words[0]) - 1] if words and item.nodeid.endswith(f"@{words[0]}") else item.nodeid


class Session:
    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self._engine: "Optional[Engine]" = None
        self._results: "Optional[Results]" = None

    # Methods, not properties: pytest looks at each attribute of a plugin.

    def engine(self) -> "Engine":
        """Made when a test is to be measured: from here on heapster counts."""
        if self._engine is None:
            from pytest_heapster.engine import Engine

            self._engine = Engine(self.settings)
        return self._engine

    def results(self) -> "Results":
        """Made when the first figures come in."""
        if self._results is None:
            from pytest_heapster.results import Results

            self._results = Results(self.settings)
        return self._results

    # --- which tests ---

    def _plan(self, item: pytest.Item) -> Optional[Plan]:
        """BadTerms where a marker is wrong."""
        if not isinstance(item, pytest.Function):
            return None
        marks = list(item.iter_markers(MARKER))
        if not marks and not self.settings.everything:
            return Plan(None, is_marked=False) if _uses_fixture(item) else None
        from pytest_heapster.terms import merged

        return Plan(self.engine().terms_of(merged(marks)), is_marked=bool(marks))

    def _problem(self, item: pytest.Item) -> Optional[str]:
        try:
            item.stash[PLAN] = self._plan(item)
        except ValueError as error:
            return f"{item.nodeid.partition('[')[0]}: {MARKER}: {error}"
        return None

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self) -> Wrapper:
        outcome = yield
        report = outcome.get_result()
        items = [each for each in report.result or [] if isinstance(each, pytest.Function)]
        problems = [problem for problem in map(self._problem, items) if problem]
        if problems:
            report.outcome, report.result = "failed", []
            report.longrepr = "\n".join(dict.fromkeys(problems))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Once more: a conftest may have marked items since."""
        problems = [problem for problem in map(self._problem, session.items) if problem]
        if problems:
            raise pytest.UsageError("\n".join(dict.fromkeys(problems)))

    # --- their runs ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Optional[pytest.Item]) -> Optional[bool]:
        plan = item.stash.get(PLAN, None)
        if plan is None or not isinstance(item, pytest.Function):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._reports(item, nextitem, plan):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _reports(self, item: pytest.Function, nextitem: Optional[pytest.Item], plan: Plan) -> runs.Reports:
        every = runs.Runs(item, nextitem)
        for _ in range(plan.terms.warmup if plan.terms else 0):
            plan.begin(rehearses=True, may_repeat=False)
            if not every.rehearse():
                return every.reports
        for left in range(plan.terms.retries if plan.terms else self.settings.retries, -1, -1):
            plan.begin(rehearses=False, may_repeat=left > 0)
            every.perform()
            if plan.probe is None or not plan.probe.foreign_count:
                break
        return self._outcome(every, plan)

    def _outcome(self, every: runs.Runs, plan: Plan) -> runs.Reports:
        """A test that nobody asked to run twice, and that cannot, has passed all the same."""
        fails_again = bool(every.rehearsed) and not runs.passed(every.reports) and not plan.records()
        if fails_again and not plan.is_marked:
            every.rehearsed[-1].heapster = self._parcel([], _name(every.item))  # type: ignore[attr-defined]
            return every.rehearsed
        if fails_again:
            every.reports[-1].sections.append(("heapster", RAN_BEFORE))
        return every.reports

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        plan = item.stash.get(PLAN, None)
        if plan is not None:
            plan.new_probe(_name(item))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Wrapper:
        plan = item.stash.get(PLAN, None)
        if plan is None or plan.rehearses or plan.probe is None or not isinstance(item, pytest.Function):
            yield
            return
        from pytest_heapster.engine import replaced

        with replaced(item, self.engine().measured(item.obj, plan.probe, plan.terms)):
            yield

    @contextlib.contextmanager
    def fixture(self, item: pytest.Item) -> "Iterator[Heap]":
        """The fixture of a test. One that asked by name, when its plan was made, is judged when it has ended."""
        from pytest_heapster.fixture import Heap

        plan = item.stash.get(PLAN, None)
        is_late = plan is None
        if plan is None:
            plan = item.stash[PLAN] = Plan(None, is_marked=False)
            plan.new_probe(_name(item))
        assert plan.probe is not None
        yield Heap(self.engine(), plan.probe)
        if is_late:
            self.engine().conclude(plan.probe)

    # --- where the figures go ---

    def _parcel(self, records: "List[Record]", unrepeatable: Optional[str] = None) -> "Parcel":
        expected = self.engine().expected
        return {"fingerprint": expected.fingerprint, "records": records, "unrepeatable": unrepeatable}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Wrapper:
        plan = item.stash.get(PLAN, None)
        records = plan.take_records() if plan else []
        if not records:
            yield
            return
        from pytest_heapster.record import properties

        for each in records:
            item.user_properties += properties(_name(item), each)
        outcome = yield
        outcome.get_result().heapster = self._parcel(records)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        parcel = getattr(report, PARCEL, None)
        if parcel is not None and not self.settings.is_worker:
            self.results().add(parcel, report.passed)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Optional[Tuple[str, str, Any]]:
        """Only a polluted test is skipped with figures."""
        is_polluted = report.skipped and getattr(report, PARCEL, None) is not None
        return ("polluted", "P", ("POLLUTED", {"yellow": True})) if is_polluted else None

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.settings.is_worker and self._results is not None:
            self._results.finish()
            if self._results.problems and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        if not self.settings.is_worker and self._results is not None:
            self._results.show(terminalreporter, self.config.getoption("verbose"))
