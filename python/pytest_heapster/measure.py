"""Measures tests and parts of tests, and passes what it measured on to the judge."""

import functools
import inspect
import platform
import sys
from typing import Any, Callable, Container, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar, cast

import heapster
import pytest
from _pytest.outcomes import Skipped
from heapster.baseline import COUNTING_RULES

from pytest_heapster import tracing
from pytest_heapster.collector import Collector
from pytest_heapster.explained import list_prefixes
from pytest_heapster.expected import Expected
from pytest_heapster.failure import fail
from pytest_heapster.judge import Limits, parse_limits
from pytest_heapster.measurements import Measurement, Measurements, explain_record
from pytest_heapster.options import STRICT, Settings, make_update_command, merge_marks
from pytest_heapster.records import list_properties

R = TypeVar("R")

HOOKS = ("lua", "malloc", "python")  # sorted

HALF_COUNTED = "malloc is not counted whole: {}"


class Polluted(Skipped):
    """The test passed, but other threads took part, so nobody can tell whether it kept its limits."""


def _hook_only(names: List[str]) -> None:
    """Count these, and nothing else of the interpreter."""
    try:
        for name in names:
            heapster.hook(name)
        if "python" not in names and heapster.status().python_way != "none":
            heapster.unhook("python")
    except (RuntimeError, ValueError) as error:
        raise pytest.UsageError(f"heap_hooks: {error}") from None


def make_fingerprint() -> str:
    """What figures depend on besides the program: CPython, the platform, the rules of counting, what is hooked."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
    status = heapster.status()
    hooked = "+".join(name for name in HOOKS if getattr(status, f"{name}_way") != "none") or "nothing"
    return (f"{sys.implementation.name}-{version} {sys.platform}-{platform.machine()} "
            f"rules-{COUNTING_RULES} {hooked}")  # fmt: skip


def keep_attributes(wrapper: Callable[..., Any], fn: Callable[..., Any]) -> Callable[..., Any]:
    """Plugins look for __wrapped__ and the attributes; copying names and texts, too, would be slow."""
    return functools.update_wrapper(wrapper, fn, assigned=())


class Engine:
    """Opens windows around tests and judges them; one for all tests of a run. Making it starts the counting."""

    def __init__(self, settings: Settings) -> None:
        if settings.hooks is not None:
            _hook_only(settings.hooks)
        self.settings = settings
        self.collector = Collector()
        self.limits: Dict[Tuple[int, ...], Tuple[Sequence[pytest.Mark], Limits]] = {}
        self.fingerprint = make_fingerprint()
        self.counts_malloc = "malloc" in self.fingerprint.rpartition(" ")[2]
        self.expected = Expected(settings, self.fingerprint)
        self.root = str(settings.root)
        self._can_explain: Optional[bool] = None

    @functools.cached_property
    def prefixes(self) -> List[str]:
        return list_prefixes(self.root)

    def can_explain(self) -> bool:
        """Whether this build of CPython can be explained, and nothing else is being explained."""
        if self._can_explain is None:
            try:
                with heapster.explaining():
                    self._can_explain = True
            except RuntimeError:
                self._can_explain = False
        return self._can_explain

    def prepare(self, measurements: Measurements, wanted: Optional[Container[str]] = None) -> None:
        """Let measurements be explained: those of these names or, if the settings ask for that, all."""
        if (wanted is not None or self.settings.explain == "always") and self.can_explain():
            measurements.root, measurements.wanted = self.root, wanted

    def parse_marks(self, marks: Sequence[pytest.Mark]) -> Limits:
        """The limits of these markers. Tests share markers by a class or by parameters, and each set is parsed once."""
        known = tuple(map(id, marks))
        if known not in self.limits:
            self.limits[known] = (marks, self.parse_keys(merge_marks(marks)))
        return self.limits[known][1]

    def parse_keys(self, keys: Mapping[str, Any]) -> Limits:
        return parse_limits(keys, self.settings.warmup, self.settings.retries)

    def run(self, measurement: Measurement, is_warm: bool, fn: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Return fn's result. The window is open only while fn runs, without a tracer if fn `is_warm`."""
        __tracebackhide__ = True
        run = measurement.window.run
        tracers = tracing.pause() if measurement.note_tracer(is_warm) else None
        try:
            with self.collector.around():
                return run(fn, *args, **kwargs)
        finally:
            if tracers is not None:
                tracing.resume(tracers)

    async def run_coroutine(self, measurement: Measurement, is_warm: bool, awaitable: Any) -> Any:
        """Return the result of a coroutine. The window is open from its first step to its last, also while it waits."""
        __tracebackhide__ = True
        tracers = tracing.pause() if measurement.note_tracer(is_warm) else None
        try:
            with self.collector.around(), measurement.window:
                return await awaitable
        finally:
            if tracers is not None:
                tracing.resume(tracers)

    def wrap(self, fn: Callable[..., Any], measurements: Measurements, limits: Optional[Limits]) -> Callable[..., Any]:
        """A function, or coroutine function, that runs the test and then judges what the test measured. With limits, it
        measures the test itself, too."""
        is_warm = limits is not None and limits.warmup > 0

        def function(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if limits:
                result = self.run(measurements.add(limits), is_warm, fn, *args, **kwargs)
            else:
                result = fn(*args, **kwargs)
            self.conclude(measurements)
            return result

        if not inspect.iscoroutinefunction(fn):
            return keep_attributes(function, fn)

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            awaitable = fn(*args, **kwargs)
            if limits:
                result = await self.run_coroutine(measurements.add(limits), is_warm, awaitable)
            else:
                result = await awaitable
            self.conclude(measurements)
            return result

        return keep_attributes(coroutine, fn)

    def _find_half(self, limits: Limits) -> Optional[str]:
        """Why a measurement does not have all that was requested of malloc."""
        name = getattr(limits.heap, "name", limits.heap)
        if not self.counts_malloc or name not in (None, "malloc"):
            return None
        problem = heapster.status().malloc_problem
        return HALF_COUNTED.format(problem) if problem else None

    def conclude(self, measurements: Measurements) -> None:
        """Judge all that a run measured: fail the test, or raise Polluted."""
        __tracebackhide__ = True
        failed, polluted, risen = [], [], False
        unfinished = measurements.find_unfinished()
        if unfinished is not None:
            fail(f"heap.measuring({unfinished!r}) is for a with block, which has not ended", measurements)
        for name, measurement in measurements.by_name.items():
            full_name = f"{measurements.test}#{name}" if name else measurements.test
            why = self._find_half(measurement.limits) or measurement.why_uncompared
            record, verdict = self.expected.judge_measurement(
                full_name, measurement.limits.bounds, measurement.whole, measurement.own, why
            )
            record["line"] = (measurements.line or 0) + 1
            is_too_low = self.settings.strict and bool(record["improved"])
            measurements.is_broken = measurements.is_broken or record["state"] == "failed" or is_too_low
            measurements.is_wide = measurements.is_wide or bool(verdict.wide)
            if measurements.wanted is None and measurement.is_explained:
                is_live = measurement.limits.breaks_live_figures(measurement.whole)
                record["explained"] = explain_record(record, measurement.window.sites, is_live, self.prefixes)
            measurements.records.append(record)
            measurements.properties += list_properties(measurements.test, record)
            failed += [f"{full_name}: {line}" for line in verdict.failed]
            polluted += [f"{full_name}: {line}" for line in verdict.polluted]
            above = [" the baseline of " in line for line in verdict.failed]
            risen = risen or any(above)
            measurements.is_beyond_limit = measurements.is_beyond_limit or not all(above)
            beside = all(" the baseline" in line for line in verdict.failed)
            measurements.is_beside_baseline = measurements.is_beside_baseline and beside
            if record["state"] == "polluted":
                measurements.foreign_count += record["foreign_count"]
        if failed and risen:
            failed.append(f"to accept it: {make_update_command(self.settings, measurements.test)}")
        if failed:
            fail("\n".join(failed), measurements)
        if polluted:
            self._give_up(measurements, polluted)

    def _give_up(self, measurements: Measurements, polluted: List[str]) -> None:
        __tracebackhide__ = True
        words = "\n".join(["polluted by other threads, not judged:", *polluted])
        if self.settings.strict and not measurements.may_repeat:
            fail(f"{words}\n({STRICT})", measurements)
        raise Polluted(words, _use_item_location=True)


def drop_result(fn: Callable[..., Any], args: Tuple[Any, ...]) -> None:
    fn(*args)


class Heap:
    """Measures parts of a test, under names of its choice. The keys are those of the marker heap_limit. When the test
    has ended, each measurement is judged."""

    def __init__(self, engine: Engine, measurements: Measurements) -> None:
        self._engine = engine
        self._measurements = measurements

    def measure(self, fn: Callable[..., R], /, *args: Any, name: str = "", **keys: Any) -> R:
        """Call fn(*args) once to warm up, or `warmup` times, then once more measured; return that result. With a limit on
        live_change or use_change the measured call's result is dropped inside the window, since it is not what the
        function keeps, and that of the call before is returned."""
        if not callable(fn):
            raise TypeError(f"heap.measure needs a function to call, not {type(fn).__name__}")
        if not isinstance(name, str):
            raise TypeError(f"heap.measure needs a name that is a str, not {name!r}")
        limits = self._engine.parse_keys(keys)
        measurement = self._measurements.add(limits, name or str(getattr(fn, "__name__", type(fn).__name__)))
        warmup = limits.warmup if "warmup" in keys else 1
        result = None
        for _ in range(warmup):
            result = fn(*args)
        if warmup > 0 and limits.judges_live_figures():
            self._engine.run(measurement, True, drop_result, fn, args)
            return cast("R", result)
        return self._engine.run(measurement, warmup > 0, fn, *args)

    def measuring(self, name: str, **keys: Any) -> heapster.Measuring:
        """A with block that is measured as it stands: it is warm only if the test is marked, too, and so runs twice."""
        if not isinstance(name, str) or not name:
            raise TypeError(f"heap.measuring needs a name, not {name!r}")
        measurement = self._measurements.add(self._engine.parse_keys(keys), name)
        measurement.note_tracer(is_warm=False)
        return measurement.window
