"""What a project says on the command line, in the ini file and by markers: plain values."""

import argparse
import os
import pathlib
import re
import shlex
import sys
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, cast

import pytest

Hook = TypeVar("Hook", bound=Callable[..., Any])

# pytest 7's own has no types.
hookimpl = cast("Callable[..., Callable[[Hook], Hook]]", pytest.hookimpl)

# The attribute of a report that carries the figures of its test.
PAYLOAD = "heapster"

# The environment that the run began with. Tests change it, and so does readline, below os.environ.
ENVIRONMENT = pytest.StashKey[Dict[str, str]]()

MARKER = "heap_limit"
MARKER_HELP = (
    "heap_limit(alloc_count=10, use_peak='1 MiB', live_change=(0, 0), heap=None, scope='process', warmup=1, retries=3, "
    "own_threads=False): measure what the test asks of the heap; a figure above its limit, or outside its pair, fails "
    "the test. Without limits the baseline alone decides."
)

GROW_MARKER = "heap_grow"
GROW_HELP = (
    "heap_grow(rounds=5, live_change=0): run the body of the test once, and then up to that many rounds; the test fails if "
    "more blocks than live_change stay in each of three rounds in a row. Names the heap: python for an object that is kept, "
    "malloc for a block of a C extension, if malloc is counted."
)

BASELINE = "heapster-baseline.json"
FORMATS = ("json", "markdown")
GITHUB = "github"
STRICT = "--heap-strict"
EXPLAIN = ("on-failure", "off", "always")

# Of a number in the ini file.
MOST_DIGITS = 18

# The orders of a second process.
REVERSE, FILES = ORDERS = ("reverse", "files")

# Why a test is not measured.
NO_FUNCTION = "not a test function"
BENCHMARK = "a benchmark, which runs as often as the clock allows"
ISOLATED = "runs in a process of its own"

# These are heapster.baseline's; importing it would start the counting.
FIGURES = ("alloc_count", "alloc_sum", "realloc_growth_count", "use_peak")
COUNTS = ("alloc_count", "realloc_growth_count")

LINE = re.compile(rf"(?:(?P<test>.*\S)\s+)?(?P<field>{'|'.join(FIGURES)})\s+(?P<amount>\d+)\s*(?P<percent>%?)")


class Tolerance(NamedTuple):
    test: str  # a node id or the beginning of node ids; empty for every test
    field: str
    amount: int
    is_percent: bool

    def covers(self, name: str, field: str) -> bool:
        """Whether it is for that figure of that measurement: of the test itself, or of anything below it."""
        rest = name[len(self.test) :]
        is_below = not self.test or not rest or rest[0] in "[#/:" or self.test[-1] == "/"
        return field == self.field and name.startswith(self.test) and is_below


class Tolerances:
    """All tolerances of a project; ValueError for a line that is not one."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.given = [self._parse(line.strip()) for line in lines if line.strip()]

    @staticmethod
    def _parse(line: str) -> Tolerance:
        match = LINE.fullmatch(line)
        if not match:
            raise ValueError(f"{line!r} is not [TEST] FIELD AMOUNT, such as \"alloc_count 2\", \"alloc_sum 10%\" or "
                             f"\"tests/test_page.py alloc_count 5\"; fields: {', '.join(FIGURES)}")  # fmt: skip
        return Tolerance(match["test"] or "", match["field"], int(match["amount"]), bool(match["percent"]))

    def find(self, name: str, field: str, value: int) -> Optional[int]:
        """The tolerance of a figure whose baseline is `value`, or None if the figure is not compared.

        The longest TEST that covers the figure wins; of equally long ones the last line does. Without a line a count
        must be equal, and bytes are not compared.
        """
        covering = [each for each in self.given if each.covers(name, field)]
        if covering:
            longest = max(reversed(covering), key=lambda each: len(each.test))
            return value * longest.amount // 100 if longest.is_percent else longest.amount
        return 0 if field in COUNTS else None


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
    hash_seeds: int  # in how many processes an update runs, each with a hash seed of its own
    has_free_seed: bool  # nobody chose the hash seed of this process, so it differs from that of others
    fields: Tuple[str, ...]  # of a baseline's entries, besides those that are compared
    second_report: Optional[pathlib.Path]  # this is a second process, which writes its figures there
    second_order: str  # and runs the tests in reverse, or in the order of the files
    is_github: bool  # write the summary and the annotations of a GitHub job
    baseline: pathlib.Path
    root: pathlib.Path  # what the node ids begin at
    folder: pathlib.Path  # in which pytest was started
    is_worker: bool
    explain: str  # when lines are found out that made the requests: "on-failure", "off", "always"
    given: Tuple[str, ...] = ()  # the options of the command line that another run needs to measure the same


def begins_with_last(config: pytest.Config) -> bool:
    """Whether tests that wait run, and are reported, from the last to the first: the next run of pytest's --stepwise goes on
    from the failure that was reported last, and so would leave out those in front of it."""
    return bool(config.getoption("stepwise", False))


def forget_stepwise(config: pytest.Config) -> None:
    """Let a second process run all tests: pytest has no option against a --stepwise that the first one had."""
    for name in ("stepwise", "stepwise_skip"):
        if hasattr(config.option, name):
            setattr(config.option, name, False)


def make_update_command(settings: Settings, test: str = "") -> str:
    """The command that accepts the figures of a test, or of all, in the folder in which pytest was started."""
    file, colons, rest = test.partition("::")
    if file and settings.folder != settings.root:
        file = os.path.relpath(settings.root / file, settings.folder)
    names = [shlex.quote(f"{file}{colons}{rest}")] if test else []
    return " ".join(["pytest", "--heap-baseline=update", *settings.given, *names])


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("heapster", "what tests ask of the heap (heapster)")
    group.addoption("--heap-all", action="store_true", help="measure every test, not only those that are marked")
    group.addoption("--heap-baseline", choices=["check", "update", "off"], default=None,
                    help=f"compare with {BASELINE} beside the ini file (check, the default where it is there), write it "
                         "(update), or neither (off)")
    group.addoption(STRICT, action="store_true",
                    help="also fail a test whose measurement has no baseline entry, is below it, or stays polluted, "
                         "and a run with tests that could not be measured")
    group.addoption("--heap-report", action="append", default=[], metavar="FORMAT:PATH",
                    help="write every figure to a file: json:PATH or markdown:PATH; github: what changed, into the step's "
                         "summary, and annotations (the default where GITHUB_ACTIONS is true)")
    group.addoption("--heap-second-report", default=None, help=argparse.SUPPRESS)
    group.addoption("--heap-second-order", choices=ORDERS, default=REVERSE, help=argparse.SUPPRESS)
    parser.addini("heap_all", "measure every test, as --heap-all does", type="bool", default=False)
    parser.addini("heap_strict", "as --heap-strict", type="bool", default=False)
    parser.addini("heap_hooks", "what is counted: python, malloc; default: what import heapster counts",
                  type="args", default=None)
    parser.addini("heap_tolerance", "lines [TEST] FIELD AMOUNT: by how much a figure may differ from the baseline",
                  type="linelist", default=[])
    parser.addini("heap_warmup", "how often a test runs before it is measured (1)", default="1")
    parser.addini("heap_steady_runs", "after how many runs a test counts as warm; before that it does not fail for its "
                  "figures, and none are written to the baseline (10)", default="10")
    parser.addini("heap_hash_seeds", "in how many processes an update runs, each with another hash seed, to find what "
                  "varies by itself; 1: only in its own (2)", default="2")
    parser.addini("heap_baseline_fields", "what the baseline keeps besides the figures that are compared: "
                  + ", ".join(FIGURES), type="args", default=[])
    parser.addini("heap_explain", "which lines made the requests: of a measurement that failed, in one more run "
                  "(on-failure), of each measurement, in the measured run (always), of none (off)", default="on-failure")
    parser.addini("heap_retries", "how often a polluted measurement is repeated (3)", default="3")


def _read_count(config: pytest.Config, name: str) -> int:
    text = str(config.getini(name))
    if not text.isdecimal() or len(text) > MOST_DIGITS:
        raise pytest.UsageError(f"{name} must be a whole number, 0 or more, not {text!r}")
    return int(text)


def _parse_report(config: pytest.Config, text: str) -> Tuple[str, pathlib.Path]:
    form, colon, path = text.partition(":")
    if form not in FORMATS or not colon or not path:
        raise pytest.UsageError(f"--heap-report must be json:PATH, markdown:PATH or github, not {text!r}")
    return form, config.invocation_params.dir / path


def _read_fields(config: pytest.Config) -> Tuple[str, ...]:
    fields = tuple(config.getini("heap_baseline_fields"))
    for field in fields:
        if field not in FIGURES:
            raise pytest.UsageError(f"heap_baseline_fields: {field!r} is none of {', '.join(FIGURES)}")
    return fields


def _read_seeds(config: pytest.Config) -> int:
    seeds = _read_count(config, "heap_hash_seeds")
    if seeds not in (1, 2):
        raise pytest.UsageError(f"heap_hash_seeds must be 1 or 2, not {seeds}")
    return seeds


def _has_free_seed() -> bool:
    return bool(sys.flags.ignore_environment) or os.environ.get("PYTHONHASHSEED", "") in ("", "random")


def _read_tolerances(config: pytest.Config) -> Tolerances:
    try:
        return Tolerances(config.getini("heap_tolerance"))
    except ValueError as error:
        raise pytest.UsageError(f"heap_tolerance: {error}") from None


def _read_explain(config: pytest.Config) -> str:
    word = str(config.getini("heap_explain"))
    if word not in EXPLAIN:
        raise pytest.UsageError(f"heap_explain must be {', '.join(EXPLAIN[:-1])} or {EXPLAIN[-1]}, not {word!r}")
    return word


def read_settings(config: pytest.Config) -> Settings:
    """The settings of a run; UsageError for one that makes no sense."""
    folder = config.inipath.parent if config.inipath else config.rootpath
    reports = config.getoption("heap_report")
    second = config.getoption("heap_second_report")
    is_on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    return Settings(
        everything=config.getoption("heap_all") or config.getini("heap_all"),
        mode=config.getoption("heap_baseline"),
        strict=config.getoption("heap_strict") or config.getini("heap_strict"),
        reports=[] if second else [_parse_report(config, text) for text in reports if text != GITHUB],
        hooks=config.getini("heap_hooks") or None,
        tolerances=_read_tolerances(config),
        warmup=_read_count(config, "heap_warmup"),
        retries=_read_count(config, "heap_retries"),
        steady_runs=_read_count(config, "heap_steady_runs"),
        hash_seeds=_read_seeds(config),
        has_free_seed=_has_free_seed(),
        fields=_read_fields(config),
        second_report=pathlib.Path(second) if second else None,
        second_order=config.getoption("heap_second_order"),
        is_github=(is_on_github or GITHUB in reports) and not second,
        given=("--heap-all",) if config.getoption("heap_all") else (),
        baseline=folder / BASELINE,
        root=config.rootpath,
        folder=config.invocation_params.dir,
        is_worker=hasattr(config, "workerinput"),
        explain=_read_explain(config),
    )


# --- markers ---


class Marks:
    """Finds the markers of one item after another. Neighbours inherit the same markers, which are looked up once."""

    def __init__(self) -> None:
        self.parent: Optional[object] = None
        self.inherited: Dict[str, List[pytest.Mark]] = {}

    def find(self, item: pytest.Item, name: str = MARKER) -> List[pytest.Mark]:
        """The markers of an item, the closest first."""
        if item.parent is not self.parent:
            self.parent = item.parent
            self.inherited = {each: list(item.parent.iter_markers(each)) if item.parent else []
                              for each in (MARKER, GROW_MARKER)}  # fmt: skip
        inherited, own = self.inherited[name], [mark for mark in item.own_markers if mark.name == name]
        return own + inherited if own else inherited


def uses_fixture(item: pytest.Function) -> bool:
    """Whether the item uses our fixture `heap`. A project may have its own fixture of that name, perhaps over ours."""
    for definition in reversed(item._fixtureinfo.name2fixturedefs.get("heap", ())):
        if getattr(definition.func, "__module__", "") == "pytest_heapster":
            return True
        if "heap" not in definition.argnames:
            return False
    return False


BENCHMARK_FIXTURES = frozenset(["benchmark", "benchmark_weave"])


def is_benchmark(item: pytest.Function) -> bool:
    """Whether the item uses the fixture of pytest-benchmark or of pytest-codspeed."""
    names = BENCHMARK_FIXTURES.intersection(item.fixturenames)
    if not names:
        return False
    definitions = [each for name in names for each in item._fixtureinfo.name2fixturedefs.get(name, ())]
    modules = (getattr(each.func, "__module__", "") or "" for each in definitions)
    return any(module.startswith(("pytest_benchmark", "pytest_codspeed")) for module in modules)


def _isolates(item: pytest.Item, marker: str, names: Sequence[str]) -> bool:
    """Whether one of these options, or the marker, says that the item runs in another process."""
    config = item.config
    if not hasattr(config.option, marker):
        return False  # the plugin is not there
    return any(config.getoption(name) for name in names) or item.get_closest_marker(marker) is not None


def is_isolated(item: pytest.Item) -> bool:
    """Whether pytest-forked, or pytest-isolate, runs the item in a process of its own. The latter stands back for
    pytest-timeout."""
    if _isolates(item, "forked", ["forked"]):
        return True
    is_off = item.config.getoption("noisolate", False) or item.config.pluginmanager.hasplugin("timeout")
    limits = [f"isolate_{each}" for each in ("timeout", "mem_limit", "cpu_limit")]
    return not is_off and _isolates(item, "isolate", ["isolate", *limits])


def merge_marks(marks: Iterable[pytest.Mark], marker: str = MARKER, example: str = "alloc_count=10") -> Dict[str, Any]:
    """The keys of a test's markers. If two set the same key, the closer one counts; the closest stands first."""
    keys: Dict[str, Any] = {}
    for mark in marks:
        if mark.args:
            raise ValueError(f"{marker} takes keyword arguments, such as {marker}({example})")
        keys = {**mark.kwargs, **keys}
    return keys
