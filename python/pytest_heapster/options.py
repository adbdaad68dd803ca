"""What the command line and the ini file say: plain values."""

import pathlib
from typing import List, NamedTuple, Optional, Tuple

import pytest

from pytest_heapster.tolerance import Tolerances

MARKER_HELP = (
    "heap_limit(alloc_count=10, use_peak='1 MiB', live_change=(0, 0), heap=None, scope='process', warmup=1, retries=3, "
    "own_threads=False): measure what the test asks of the heap; a figure above its limit, or outside its pair, fails "
    "the test. Without limits the baseline alone decides."
)

BASELINE = "heapster-baseline.json"
FORMATS = ("json", "markdown")


class Settings(NamedTuple):
    everything: bool  # measure every test
    mode: Optional[str]  # "check", "update", "off"; None: check where the file is there
    strict: bool
    reports: List[Tuple[str, pathlib.Path]]
    hooks: Optional[List[str]]  # None: what import heapster hooks
    tolerances: Tolerances
    warmup: int
    retries: int
    steady_runs: int
    baseline: pathlib.Path
    is_worker: bool


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("heapster", "what tests ask of the heap (heapster)")
    group.addoption("--heap-all", action="store_true", help="measure every test, not only those that are marked")
    group.addoption("--heap-baseline", choices=["check", "update", "off"], default=None,
                    help=f"compare with {BASELINE} beside the ini file (check, the default where it is there), write it "
                         "(update), or neither (off)")
    group.addoption("--heap-strict", action="store_true",
                    help="fail a test, too, whose measurement has no baseline entry, is below it, or stays polluted; and a "
                         "run with tests that could not be measured")
    group.addoption("--heap-report", action="append", default=[], metavar="FORMAT:PATH",
                    help="write every figure to a file: json:PATH or markdown:PATH")
    parser.addini("heap_all", "measure every test, as --heap-all does", type="bool", default=False)
    parser.addini("heap_strict", "as --heap-strict", type="bool", default=False)
    parser.addini("heap_hooks", "what is counted: python, malloc; default: as import heapster",
                  type="args", default=None)
    parser.addini("heap_tolerance", "lines [TEST] FIELD AMOUNT: by how much a figure may differ from the baseline",
                  type="linelist", default=[])
    parser.addini("heap_warmup", "how often a measured test runs before (1)", default="1")
    parser.addini("heap_steady_runs", "after how many runs a test counts as warm: before that none fails for its figures, "
                  "and none is written to the baseline (10)", default="10")
    parser.addini("heap_retries", "how often a polluted measurement is repeated (3)", default="3")


def _times(config: pytest.Config, name: str) -> int:
    text = str(config.getini(name))
    if not text.isdecimal():
        raise pytest.UsageError(f"{name} must be a whole number, 0 or more, not {text!r}")
    return int(text)


def _report(config: pytest.Config, text: str) -> Tuple[str, pathlib.Path]:
    form, colon, path = text.partition(":")
    if form not in FORMATS or not colon or not path:
        raise pytest.UsageError(f"--heap-report must be json:PATH or markdown:PATH, not {text!r}")
    return form, config.invocation_params.dir / path


def _tolerances(config: pytest.Config) -> Tolerances:
    try:
        return Tolerances(config.getini("heap_tolerance"))
    except ValueError as error:
        raise pytest.UsageError(f"heap_tolerance: {error}") from None


def settings(config: pytest.Config) -> Settings:
    """What is said, or UsageError."""
    folder = config.inipath.parent if config.inipath else config.rootpath
    return Settings(
        everything=config.getoption("heap_all") or config.getini("heap_all"),
        mode=config.getoption("heap_baseline"),
        strict=config.getoption("heap_strict") or config.getini("heap_strict"),
        reports=[_report(config, text) for text in config.getoption("heap_report")],
        hooks=config.getini("heap_hooks") or None,
        tolerances=_tolerances(config),
        warmup=_times(config, "heap_warmup"),
        retries=_times(config, "heap_retries"),
        steady_runs=_times(config, "heap_steady_runs"),
        baseline=folder / BASELINE,
        is_worker=hasattr(config, "workerinput"),
    )
