"""What a test asks for by its heap_limit markers: which limits, on what, how often it runs."""

from typing import Any, List, Mapping, NamedTuple, Optional

import heapster

from pytest_heapster.judge import Bound
from pytest_heapster.options import BadTerms

OPTIONS = ("heap", "scope", "warmup", "retries", "own_threads")


class Terms(NamedTuple):
    bounds: List[Bound]
    heap: Optional[Any]  # a name or a heapster.Heap; None for all
    scope: Any  # "process" or "thread"
    warmup: int
    retries: int
    own_threads: bool  # other threads are the test's own, and no pollution

    def window(self, gc: Any = "leave") -> heapster.Measuring:
        """A new one for a measurement on these terms; it can tell the test's own thread from others."""
        return heapster.measuring(self.heap, self.scope, gc=gc, thread_peak=self.sees_others())

    def sees_others(self) -> bool:
        return self.scope == "process" and not self.own_threads


def _times(keys: Mapping[str, Any], name: str, default: int) -> int:
    value = keys.get(name, default)
    if type(value) is not int or value < 0:
        raise BadTerms(f"{name} must be an int, 0 or more, not {value!r}")
    return value


def _own_threads(keys: Mapping[str, Any]) -> bool:
    value = keys.get("own_threads", False)
    if not isinstance(value, bool):
        raise BadTerms(f"own_threads must be True or False, not {value!r}")
    return value


def _bounds(keys: Mapping[str, Any]) -> List[Bound]:
    """A limit of None lifts one that a class or a module has set."""
    limits = {name: value for name, value in keys.items() if name not in OPTIONS and value is not None}
    return [Bound.of_limit(heapster.limit(**{name: value})) for name, value in limits.items()]


def terms_of(keys: Mapping[str, Any], warmup: int, retries: int) -> Terms:
    """The terms that the keys mean; BadTerms says what is wrong with them."""
    try:
        heapster.measuring(keys.get("heap"), keys.get("scope", "process"))
        bounds = _bounds(keys)
    except (TypeError, ValueError) as error:
        others = f"; and {', '.join(OPTIONS)}" if "fields: " in str(error) else ""
        raise BadTerms(f"{error}{others}") from None
    return Terms(
        bounds=bounds,
        heap=keys.get("heap"),
        scope=keys.get("scope", "process"),
        warmup=_times(keys, "warmup", warmup),
        retries=_times(keys, "retries", retries),
        own_threads=_own_threads(keys),
    )
