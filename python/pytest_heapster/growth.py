"""The marker heap_grow: the body of a test runs in rounds, and blocks that stay in each of them are a leak.

Caches that fill once grow in a few rounds and then no more. One block that is lost in a thousand calls grows in every
round, of the heap that counted it.
"""

import contextlib
import inspect
import logging
import operator
import warnings
from typing import Any, Callable, Dict, Iterator, List, Mapping

import heapster
import pytest
from _pytest.logging import LogCaptureHandler
from heapster import figures

from pytest_heapster.collected import find_name
from pytest_heapster.explained import list_alive
from pytest_heapster.failure import fail
from pytest_heapster.measure import Engine, keep_attributes
from pytest_heapster.measurements import Measurements

# So many rounds in a row show a leak.
ROUNDS_OF_A_LEAK = 3


class Growth:
    """What a test asks for by heap_grow."""

    def __init__(self, rounds: Any = 5, live_change: Any = 0) -> None:
        for name, value, least in (("rounds", rounds, 1), ("live_change", live_change, 0)):
            if isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < least:
                raise ValueError(f"{name} must be an int, {least} or more, not {value!r}")
        self.rounds = operator.index(rounds)
        self.live_change = operator.index(live_change)
        self.has_passed = False  # the rounds; no other run of the test needs them


def parse_growth(keys: Mapping[str, Any]) -> Growth:
    """ValueError says what is wrong with a key."""
    unknown = [name for name in keys if name not in ("rounds", "live_change")]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; keys: rounds, live_change")
    return Growth(**keys)


class Rounds:
    """The live changes of each round, by the heap."""

    def __init__(self, growth: Growth) -> None:
        self.growth = growth
        self.changes: Dict[str, List[heapster.Stats]] = {}
        self.windows: Dict[str, heapster.Measuring] = {}

    def open_windows(self) -> "List[heapster.Measuring]":
        """New windows of all heaps, the outermost first. The innermost, of Python's objects, empties their free lists."""
        status = heapster.status()
        counted = (heap.name for heap in heapster.heaps() if getattr(status, f"{heap.name}_way", "host") != "none")
        names: List[Any] = [*counted] or [None]  # None raises NotCounting
        names.sort(key=lambda name: bool(name == "python"))
        self.windows = {name: heapster.measuring(name, gc="stop" if name == names[-1] else "leave") for name in names}
        return list(self.windows.values())

    def keep(self) -> None:
        for name, window in self.windows.items():
            self.changes.setdefault(name, []).append(window.diff)

    def find_leaks(self) -> Dict[str, str]:
        """A line for each heap that grew in each of the last rounds, by its name."""
        needed, allowed = min(ROUNDS_OF_A_LEAK, self.growth.rounds), self.growth.live_change
        lines = {}
        for name, diffs in self.changes.items():
            last, end = diffs[-needed:], len(diffs)
            if len(last) == needed and all((diff.live_change or 0) > allowed for diff in last):
                counts = ", ".join(f"{diff.live_change:+,}" for diff in last)
                size = figures.signed("use_change", last[-1].use_change or 0)
                lines[name] = (f"heap {name}: blocks stay each round: {counts} in rounds {end - needed + 1} to {end} "
                               f"({size} in the last); allowed: {allowed}")  # fmt: skip
        return lines


@contextlib.contextmanager
def quiet(item: pytest.Function) -> Iterator[None]:
    """pytest keeps each log record and each warning of a test, which would be blocks that stay."""
    root, is_read = logging.getLogger(), "caplog" in item.fixturenames
    handlers = [each for each in root.handlers if isinstance(each, LogCaptureHandler) and not is_read]
    for handler in handlers:
        root.removeHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for handler in handlers:
            root.addHandler(handler)


async def _await_in(windows: List[heapster.Measuring], awaitable: Any) -> None:
    if not windows:
        await awaitable
        return
    with windows[0]:
        await _await_in(windows[1:], awaitable)


class Leaks:
    """What a failure says of leaks: each heap that grew and, after one more round for each, the lines that did it."""

    def __init__(self, found: Mapping[str, str], engine: Engine, measurements: Measurements) -> None:
        self.found = found
        self.engine = engine
        self.measurements = measurements
        self.lines: Dict[str, List[str]] = {}  # by the name of the heap

    def open_windows(self) -> "Iterator[heapster.Measuring]":
        """A window for each round. One that raises, or does not leak, explains nothing."""
        if self.engine.settings.explain == "off" or not self.engine.can_explain():
            return
        for name in self.found:
            window = heapster.measuring(name, gc="stop", explain=True, root=self.engine.root)
            yield window
            with contextlib.suppress(RuntimeError):  # its window never began
                if window.sites is not None:
                    self.lines[name] = list_alive(window.sites, self.engine.prefixes)

    def fail(self) -> None:
        __tracebackhide__ = True
        words = []
        for name, line in self.found.items():
            words += [f"{self.measurements.test}: {line}", *self.lines.get(name, [])]
        fail("\n".join(words), self.measurements)


def wrap_rounds(
    item: pytest.Function, function: Callable[..., Any], growth: Growth, engine: Engine
) -> Callable[..., Any]:
    """The function, or coroutine function, that runs `function` once, which warms it up, and then the test in rounds."""
    fn = item.obj
    measurements = Measurements(item, find_name(item), False)

    def rounds_of_function(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        function(*args, **kwargs)
        rounds = Rounds(growth)
        with quiet(item), engine.collector.around():
            for _ in range(growth.rounds):
                chain: List[Callable[..., Any]] = [window.run for window in rounds.open_windows()]
                chain[0](*chain[1:], fn, *args, **kwargs)
                rounds.keep()
                leaks = Leaks(rounds.find_leaks(), engine, measurements)
                if leaks.found:
                    for window in leaks.open_windows():
                        with contextlib.suppress(Exception):
                            window.run(fn, *args, **kwargs)
                    leaks.fail()
        growth.has_passed = True

    async def rounds_of_coroutine(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        await function(*args, **kwargs)
        rounds = Rounds(growth)
        with quiet(item), engine.collector.around():
            for _ in range(growth.rounds):
                windows, awaitable = rounds.open_windows(), fn(*args, **kwargs)
                await _await_in(windows, awaitable)
                rounds.keep()
                leaks = Leaks(rounds.find_leaks(), engine, measurements)
                if leaks.found:
                    for window in leaks.open_windows():
                        with contextlib.suppress(Exception):
                            await _await_in([window], fn(*args, **kwargs))
                    leaks.fail()
        growth.has_passed = True

    wrapper = rounds_of_coroutine if inspect.iscoroutinefunction(fn) else rounds_of_function
    return keep_attributes(wrapper, fn)
