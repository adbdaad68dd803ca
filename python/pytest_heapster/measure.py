"""Measures tests and parts of tests, and passes what it measured on to the judge."""

import functools
import gc
import inspect
import platform
import sys
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar

import heapster
import pytest
from _pytest.outcomes import Skipped

from pytest_heapster.judge import Limits, parse_limits
from pytest_heapster.options import STRICT, Settings, merge_marks
from pytest_heapster.results import Expected, Record, list_properties

R = TypeVar("R")

HOOKS = ("lua", "malloc", "python")  # sorted


class Collector:
    """Makes the moment before each measurement the same: free lists empty, the collector off.

    CPython keeps dead objects of some kinds in free lists, so the number of requests depends on what ran before. A full
    collection empties them. Visiting every object takes milliseconds, so most objects are set aside meanwhile
    (gc.freeze). The garbage of earlier tests is collected only when the heap has grown by a quarter.
    """

    GROWTH = 1.25
    LOOK_EVERY = 16  # measurements: counting all blocks is not free

    def __init__(self) -> None:
        self.blocks_after = 0.0
        self.measurements = 0

    def _next_collection_is_due(self) -> bool:
        self.measurements += 1
        return self.measurements % self.LOOK_EVERY == 1 and sys.getallocatedblocks() > self.blocks_after * self.GROWTH

    def stop(self) -> bool:
        """Empty the free lists and stop the collector; return whether it was on, for restore()."""
        was_on = gc.isenabled()
        gc.disable()
        if gc.get_freeze_count():
            gc.collect()  # the program set objects aside: unfreeze would take them back
        elif self._next_collection_is_due():
            gc.collect()
            self.blocks_after = sys.getallocatedblocks()
        else:
            gc.freeze()
            gc.collect()
            gc.unfreeze()
        return was_on

    @staticmethod
    def restore(was_on: bool) -> None:
        if was_on:
            gc.enable()


class Measurement(NamedTuple):
    limits: Limits
    window: heapster.Measuring

    @property
    def whole(self) -> heapster.Stats:
        return self.window.diff

    @property
    def own(self) -> Optional[heapster.Stats]:
        """The part of the test's own thread, or None if no other thread took part."""
        whole = self.window.diff
        return whole.thread if self.limits.can_be_polluted() and whole.foreign_count else None


class Measurements:
    """All measurements of one run of a test, each under a name of its own.

    `may_repeat` says whether the test can run once more if other threads pollute it. JUnit shows `properties`.
    """

    def __init__(self, test: str, may_repeat: bool, properties: List[Tuple[str, object]]) -> None:
        self.test = test
        self.may_repeat = may_repeat
        self.properties = properties
        self.by_name: Dict[str, Measurement] = {}  # "" is the test itself
        self.records: List[Record] = []
        self.is_broken = False  # a figure is outside its limits
        self.foreign_count = 0  # of the polluted measurements

    def add_window(self, limits: Limits, name: str = "", gc: Any = "leave") -> heapster.Measuring:
        """A new window for the measurement of that name."""
        if name in self.by_name:
            raise ValueError(f"heap: {name!r} was measured in this test already: give this one another name")
        window = limits.make_window(gc)
        self.by_name[name] = Measurement(limits, window)
        return window

    def find_unfinished(self) -> Optional[str]:
        """The name of a measurement whose window never began or has not ended."""
        for name, measurement in self.by_name.items():
            try:
                measurement.window.diff
            except RuntimeError:
                return name
        return None


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
    """What figures depend on besides the program: CPython, the platform, heapster, what is hooked."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
    status = heapster.status()
    hooked = "+".join(name for name in HOOKS if getattr(status, f"{name}_way") != "none") or "nothing"
    return (f"{sys.implementation.name}-{version} {sys.platform}-{platform.machine()} "
            f"heapster-{heapster.__version__} {hooked}")  # fmt: skip


class Engine:
    """Opens windows around tests and judges them; one for all tests of a run. Making it starts the counting."""

    def __init__(self, settings: Settings) -> None:
        if settings.hooks is not None:
            _hook_only(settings.hooks)
        self.settings = settings
        self.collector = Collector()
        self.limits: Dict[Tuple[int, ...], Tuple[Sequence[pytest.Mark], Limits]] = {}
        self.fingerprint = make_fingerprint()
        self.expected = Expected(settings, self.fingerprint)

    def parse_marks(self, marks: Sequence[pytest.Mark]) -> Limits:
        """The limits of these markers. Tests share markers by a class or by parameters, and each set is parsed once."""
        known = tuple(map(id, marks))
        if known not in self.limits:
            self.limits[known] = (marks, self.parse_keys(merge_marks(marks)))
        return self.limits[known][1]

    def parse_keys(self, keys: Mapping[str, Any]) -> Limits:
        return parse_limits(keys, self.settings.warmup, self.settings.retries)

    def run(self, window: heapster.Measuring, fn: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Return fn's result. The window is open only while fn runs."""
        __tracebackhide__ = True
        run = window.run
        was_on = self.collector.stop()
        try:
            return run(fn, *args, **kwargs)
        finally:
            self.collector.restore(was_on)

    async def run_coroutine(self, window: heapster.Measuring, awaitable: Any) -> Any:
        """Return the result of a coroutine. The window is open from its first step to its last, also while it waits."""
        __tracebackhide__ = True
        was_on = self.collector.stop()
        try:
            with window:
                return await awaitable
        finally:
            self.collector.restore(was_on)

    def wrap(self, fn: Callable[..., Any], measurements: Measurements, limits: Optional[Limits]) -> Callable[..., Any]:
        """A function, or coroutine function, that runs the test and then judges what the test measured. With limits, it
        measures the test itself, too."""

        def function(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            result = self.run(measurements.add_window(limits), fn, *args, **kwargs) if limits else fn(*args, **kwargs)
            self.conclude(measurements)
            return result

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            awaitable = fn(*args, **kwargs)
            result = await (self.run_coroutine(measurements.add_window(limits), awaitable) if limits else awaitable)
            self.conclude(measurements)
            return result

        wrapper = coroutine if inspect.iscoroutinefunction(fn) else function
        # Plugins look for __wrapped__ and the attributes; copying names and texts, too, would be slow.
        return functools.update_wrapper(wrapper, fn, assigned=())

    def conclude(self, measurements: Measurements) -> None:
        """Judge all that a run measured: fail the test, or raise Polluted."""
        __tracebackhide__ = True
        failed, polluted = [], []
        unfinished = measurements.find_unfinished()
        if unfinished is not None:
            pytest.fail(f"heap.measuring({unfinished!r}) is for a with block, which has not ended", pytrace=False)
        for name, measurement in measurements.by_name.items():
            full_name = f"{measurements.test}#{name}" if name else measurements.test
            whole, own = measurement.whole, measurement.own
            record, verdict = self.expected.judge_measurement(full_name, measurement.limits.bounds, whole, own)
            measurements.is_broken = measurements.is_broken or record["state"] == "failed"
            measurements.records.append(record)
            measurements.properties += list_properties(measurements.test, record)
            failed += [f"{full_name}: {line}" for line in verdict.failed]
            polluted += [f"{full_name}: {line}" for line in verdict.polluted]
            if record["state"] == "polluted":
                measurements.foreign_count += record["foreign_count"]
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)
        if polluted:
            self._give_up(measurements, polluted)

    def _give_up(self, measurements: Measurements, polluted: List[str]) -> None:
        __tracebackhide__ = True
        words = "\n".join(["polluted by other threads, not judged:", *polluted])
        if self.settings.strict and not measurements.may_repeat:
            pytest.fail(f"{words}\n({STRICT})", pytrace=False)
        raise Polluted(words, _use_item_location=True)


class Heap:
    """Measures parts of a test, under names of its choice. The keys are those of the marker heap_limit. When the test
    has ended, each measurement is judged."""

    def __init__(self, engine: Engine, measurements: Measurements) -> None:
        self._engine = engine
        self._measurements = measurements

    def measure(self, fn: Callable[..., R], /, *args: Any, name: str = "", **keys: Any) -> R:
        """Call fn(*args) once to warm up, or `warmup` times, then once more measured; return that result."""
        if not callable(fn):
            raise TypeError(f"heap.measure needs a function to call, not {type(fn).__name__}")
        limits = self._engine.parse_keys(keys)
        window = self._measurements.add_window(limits, name or getattr(fn, "__name__", type(fn).__name__))
        for _ in range(int(keys.get("warmup", 1))):
            fn(*args)
        return self._engine.run(window, fn, *args)

    def measuring(self, name: str, **keys: Any) -> heapster.Measuring:
        """A with block that is measured as it stands: it is warm only if the test is marked, too, and so runs twice."""
        if not isinstance(name, str) or not name:
            raise TypeError(f"heap.measuring needs a name, not {name!r}")
        return self._measurements.add_window(self._engine.parse_keys(keys), name, gc="stop")
