"""The fixture `heap`: what a test measures by itself, under names of its choice."""

from typing import Any, Callable, TypeVar

import heapster

from pytest_heapster.measure import Engine
from pytest_heapster.probe import Probe

R = TypeVar("R")


class Heap:
    """Limits and options are the keys of the marker heap_limit; each measurement is judged when the test has ended."""

    def __init__(self, engine: Engine, probe: Probe) -> None:
        self._engine = engine
        self._probe = probe

    def measure(self, fn: Callable[..., R], /, *args: Any, name: str = "", **keys: Any) -> R:
        """Call fn(*args) once to warm up, or `warmup` times, then once more measured; return that result."""
        if not callable(fn):
            raise TypeError(f"heap.measure needs a function to call, not {type(fn).__name__}")
        terms = self._engine.terms_of(keys)
        window = self._probe.window(terms, name or getattr(fn, "__name__", type(fn).__name__))
        for _ in range(int(keys.get("warmup", 1))):
            fn(*args)
        result: R = self._engine.run(window, fn, *args)
        return result

    def measuring(self, name: str, **keys: Any) -> heapster.Measuring:
        """A with block that is measured as it stands: it is warm only where the test is marked, too, and so runs twice."""
        if not isinstance(name, str) or not name:
            raise TypeError(f"heap.measuring needs a name, not {name!r}")
        return self._probe.window(self._engine.terms_of(keys), name, gc="stop")
