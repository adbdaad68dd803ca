"""What a project says on the command line, in the ini file and by markers: plain values."""

import pathlib
import re
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, cast

import pytest

Hook = TypeVar("Hook", bound=Callable[..., Any])

# pytest 7's own has no types.
hookimpl = cast("Callable[..., Callable[[Hook], Hook]]", pytest.hookimpl)

# The attribute of a report that carries the figures of its test.
PAYLOAD = "heapster"

MARKER = "heap_limit"
MARKER_HELP = (
    "heap_limit(alloc_count=10, use_peak='1 MiB', live_change=(0, 0), heap=None, scope='process', warmup=1, retries=3, "
    "own_threads=False): measure what the test asks of the heap; a figure above its limit, or outside its pair, fails "
    "the test. Without limits the baseline alone decides."
)

BASELINE = "heapster-baseline.json"
FORMATS = ("json", "markdown")
STRICT = "--heap-strict"

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
    baseline: pathlib.Path
    is_worker: bool


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
                    help="write every figure to a file: json:PATH or markdown:PATH")
    parser.addini("heap_all", "measure every test, as --heap-all does", type="bool", default=False)
    parser.addini("heap_strict", "as --heap-strict", type="bool", default=False)
    parser.addini("heap_hooks", "what is counted: python, malloc; default: what import heapster counts",
                  type="args", default=None)
    parser.addini("heap_tolerance", "lines [TEST] FIELD AMOUNT: by how much a figure may differ from the baseline",
                  type="linelist", default=[])
    parser.addini("heap_warmup", "how often a test runs before it is measured (1)", default="1")
    parser.addini("heap_steady_runs", "after how many runs a test counts as warm; before that it does not fail for its "
                  "figures, and none are written to the baseline (10)", default="10")
    parser.addini("heap_retries", "how often a polluted measurement is repeated (3)", default="3")


def _read_count(config: pytest.Config, name: str) -> int:
    text = str(config.getini(name))
    if not text.isdecimal():
        raise pytest.UsageError(f"{name} must be a whole number, 0 or more, not {text!r}")
    return int(text)


def _parse_report(config: pytest.Config, text: str) -> Tuple[str, pathlib.Path]:
    form, colon, path = text.partition(":")
    if form not in FORMATS or not colon or not path:
        raise pytest.UsageError(f"--heap-report must be json:PATH or markdown:PATH, not {text!r}")
    return form, config.invocation_params.dir / path


def _read_tolerances(config: pytest.Config) -> Tolerances:
    try:
        return Tolerances(config.getini("heap_tolerance"))
    except ValueError as error:
        raise pytest.UsageError(f"heap_tolerance: {error}") from None


def read_settings(config: pytest.Config) -> Settings:
    """The settings of a run; UsageError for one that makes no sense."""
    folder = config.inipath.parent if config.inipath else config.rootpath
    return Settings(
        everything=config.getoption("heap_all") or config.getini("heap_all"),
        mode=config.getoption("heap_baseline"),
        strict=config.getoption("heap_strict") or config.getini("heap_strict"),
        reports=[_parse_report(config, text) for text in config.getoption("heap_report")],
        hooks=config.getini("heap_hooks") or None,
        tolerances=_read_tolerances(config),
        warmup=_read_count(config, "heap_warmup"),
        retries=_read_count(config, "heap_retries"),
        steady_runs=_read_count(config, "heap_steady_runs"),
        baseline=folder / BASELINE,
        is_worker=hasattr(config, "workerinput"),
    )


# --- markers ---


class Marks:
    """Finds the markers of one item after another. Neighbours inherit the same markers, which are looked up once."""

    def __init__(self) -> None:
        self.parent: Optional[object] = None
        self.inherited: List[pytest.Mark] = []

    def find(self, item: pytest.Item) -> List[pytest.Mark]:
        """The markers of an item, the closest first."""
        if item.parent is not self.parent:
            self.parent = item.parent
            self.inherited = list(item.parent.iter_markers(MARKER)) if item.parent else []
        return [mark for mark in item.own_markers if mark.name == MARKER] + self.inherited


def uses_fixture(item: pytest.Function) -> bool:
    """Whether the item uses our fixture `heap`. A project may have its own fixture of that name, perhaps over ours."""
    for definition in reversed(item._fixtureinfo.name2fixturedefs.get("heap", ())):
        if getattr(definition.func, "__module__", "") == "pytest_heapster":
            return True
        if "heap" not in definition.argnames:
            return False
    return False


def merge_marks(marks: Iterable[pytest.Mark]) -> Dict[str, Any]:
    """The keys of a test's markers. If two set the same key, the closer one counts; the closest stands first."""
    keys: Dict[str, Any] = {}
    for mark in marks:
        if mark.args:
            raise ValueError("heap_limit takes keyword arguments, such as heap_limit(alloc_count=10)")
        keys = {**mark.kwargs, **keys}
    return keys
