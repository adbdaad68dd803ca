"""Measures tests and judges what it measured: what all of the plugin that needs heapster hangs from."""

import functools
import inspect
import platform
import sys
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import heapster
import pytest
from _pytest.outcomes import Skipped
from heapster.baseline import entry_of

from pytest_heapster import record
from pytest_heapster.expected import Expected
from pytest_heapster.options import Settings, merged
from pytest_heapster.retries import PARCEL
from pytest_heapster.probe import Measured, Probe
from pytest_heapster.steady import Collector
from pytest_heapster.terms import Terms, terms_of
from pytest_heapster.judge import Verdict, judge

HOOKS = ("lua", "malloc", "python")  # sorted

STRICT = "--heap-strict"


class Polluted(Skipped):
    """The test passed, but whether it kept its limits nobody can tell: other threads took part."""


def _hook(names: List[str]) -> None:
    """Counts these and no others of the interpreter's."""
    try:
        for name in names:
            heapster.hook(name)
        if "python" not in names and heapster.status().python_way != "none":
            heapster.unhook("python")
    except (RuntimeError, ValueError) as error:
        raise pytest.UsageError(f"heap_hooks: {error}") from None


def fingerprint() -> str:
    """What figures depend on besides the program: CPython, the platform, heapster, what is hooked."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
    status = heapster.status()
    hooked = "+".join(name for name in HOOKS if getattr(status, f"{name}_way") != "none") or "nothing"
    return (f"{sys.implementation.name}-{version} {sys.platform}-{platform.machine()} "
            f"heapster-{heapster.__version__} {hooked}")  # fmt: skip


class Engine:
    def __init__(self, settings: Settings) -> None:
        if settings.hooks is not None:
            _hook(settings.hooks)
        self.settings = settings
        self.collector = Collector()
        self.terms: Dict[Tuple[int, ...], Tuple[Sequence[pytest.Mark], Terms]] = {}
        self.expected = Expected(settings.baseline, settings.mode, fingerprint(), settings.tolerances)

    def terms_of_marks(self, marks: Sequence[pytest.Mark]) -> Terms:
        """Of the markers of a test; those of a function with parameters, or of a class, are looked at once."""
        known = tuple(map(id, marks))
        if known not in self.terms:
            self.terms[known] = (marks, self.terms_of(merged(marks)))
        return self.terms[known][1]

    def terms_of(self, keys: Mapping[str, Any]) -> Terms:
        return terms_of(keys, self.settings.warmup, self.settings.retries)

    # --- measuring ---

    def run(self, window: heapster.Measuring, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """fn's result; the window is open while it runs and for nothing else."""
        __tracebackhide__ = True
        run = window.run
        was_on = self.collector.settle()
        try:
            return run(fn, *args, **kwargs)
        finally:
            self.collector.restore(was_on)

    async def run_coroutine(self, window: heapster.Measuring, awaitable: Any) -> Any:
        """The same from a coroutine's first step to its end, with what its event loop asks for meanwhile."""
        __tracebackhide__ = True
        was_on = self.collector.settle()
        try:
            with window:
                return await awaitable
        finally:
            self.collector.restore(was_on)

    def measured(self, fn: Callable[..., Any], probe: Probe, terms: Optional[Terms]) -> Callable[..., Any]:
        """A function, or coroutine function, that runs the test and then judges what was measured in it; with terms, the
        test itself is measured, too."""

        def function(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            result = self.run(probe.window(terms), fn, *args, **kwargs) if terms else fn(*args, **kwargs)
            self.conclude(probe)
            return result

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            awaitable = fn(*args, **kwargs)
            result = await (self.run_coroutine(probe.window(terms), awaitable) if terms else awaitable)
            self.conclude(probe)
            return result

        wrapper = coroutine if inspect.iscoroutinefunction(fn) else function
        return functools.update_wrapper(wrapper, fn, assigned=())  # what plugins look for; names and texts take long

    # --- judging ---

    def _state(self, measured: Measured, verdict: Verdict, is_judged: bool) -> str:
        """A figure that is only looked at, or is to be kept, had better be the test's own."""
        if verdict.failed:
            return "failed"
        if verdict.polluted:
            return "polluted"
        is_looked_at = not is_judged or self.expected.mode == "update"
        return "unclean" if is_looked_at and measured.own is not None else "kept"

    def _strict(self, found: record.Record) -> List[str]:
        """What only --heap-strict fails."""
        if not self.settings.strict:
            return []
        lines = [f"{field}: it is below the baseline; --heap-baseline=update keeps that" for field in found["improved"]]
        missing = ["it has no baseline entry; --heap-baseline=update makes one"] if found["is_missing"] else []
        return [f"{line} ({STRICT})" for line in lines + missing]

    def _judge(self, name: str, measured: Measured) -> Tuple[record.Record, Verdict]:
        whole = measured.whole
        entry, before = entry_of(whole), self.expected.entry(name)
        bounds = [*measured.terms.bounds, *self.expected.bounds(name)]
        verdict = judge(bounds, whole, measured.own)
        found: record.Record = {
            "name": name,
            "state": self._state(measured, verdict, bool(bounds)),
            "measured": record.pack(entry),
            "baseline": record.pack(before) if before else None,
            "foreign_count": whole.foreign_count or 0,
            "improved": self.expected.improved(name, entry),
            "is_missing": self.expected.misses(name),
        }
        verdict.failed.extend(self._strict(found))
        return found, verdict

    def conclude(self, probe: Probe) -> None:
        """Judge all that the run measured: fails the test, or raises Polluted."""
        __tracebackhide__ = True
        failed, polluted = [], []
        unfinished = probe.unfinished()
        if unfinished is not None:
            pytest.fail(f"heap.measuring({unfinished!r}) is for a with block, which has not ended", pytrace=False)
        for name, measured in probe.measured.items():
            full_name = probe.full_name(name)
            found, verdict = self._judge(full_name, measured)
            probe.is_broken = probe.is_broken or found["state"] == "failed"
            probe.records.append(found)
            probe.properties += record.properties(probe.test, found)
            failed += [f"{full_name}: {line}" for line in verdict.failed]
            polluted += [f"{full_name}: {line}" for line in verdict.polluted]
            if found["state"] in ("polluted", "unclean"):
                probe.foreign_count += found["foreign_count"]
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)
        if polluted:
            self._give_up(probe, polluted)

    def _give_up(self, probe: Probe, polluted: List[str]) -> None:
        __tracebackhide__ = True
        words = "\n".join(["polluted by other threads, not judged:", *polluted])
        if self.settings.strict and not probe.may_repeat:
            pytest.fail(f"{words}\n({STRICT})", pytrace=False)
        raise Polluted(words, _use_item_location=True)

    def attach(self, report: pytest.TestReport, records: List[record.Record], unmeasured: Optional[Tuple[str, str]] = None) -> None:
        """Sends the figures of a test home with a report of it, or why there are none."""
        parcel: record.Parcel = {
            "fingerprint": self.expected.fingerprint,
            "records": records,
            "unmeasured": unmeasured,
        }
        setattr(report, PARCEL, parcel)
