"""How often a test runs until its figures mean something.

Two things only add to them, and both go away in another run: what other threads ask for meanwhile, and code that is not
warm. CPython 3.11 and newer rewrite a function while it is called the first ten times or so, and then make fewer objects
for the same work; how warm a library is when a test begins depends on the tests before it. So a figure within its limits
is good at once, and one beyond them only when the test is warm.
"""

from typing import TYPE_CHECKING, Optional

from pytest_heapster.options import Settings

if TYPE_CHECKING:
    from pytest_heapster.probe import Probe
    from pytest_heapster.terms import Terms


class Steadiness:
    """The runs that are left to a test; `terms` None: only its fixture measures."""

    def __init__(self, terms: "Optional[Terms]", settings: Settings) -> None:
        self.warmup = terms.warmup if terms else 0
        self.retries = terms.retries if terms else settings.retries
        is_cold = terms is not None and terms.warmup == 0  # somebody wants to know the first run
        self.to_warm = 0 if is_cold else max(settings.steady_runs - 1 - self.warmup, 0)
        self.is_update = settings.mode == "update"

    def wants_another(self, probe: "Optional[Probe]") -> bool:
        """Whether to measure once more; `probe` is of the run that has just ended. A baseline is made of the best of all."""
        if probe is None or not probe.records:
            return False  # the test failed, or measured nothing
        if probe.foreign_count and self.retries > 0:
            self.retries -= 1
            return True
        if (probe.is_broken or self.is_update) and self.to_warm > 0:
            self.to_warm -= 1
            return True
        return False
