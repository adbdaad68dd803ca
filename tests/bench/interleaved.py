"""What the benches share: runs in rounds, medians with their quartiles, and figures kept as CSV.

Turns (A B, B A, ...) put what else the machine does on both sides of a ratio; the median drops the runs that it hit.
"""

import argparse
import collections
import contextlib
import csv
import dataclasses
import datetime
import io
import math
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile

RESULTS = pathlib.Path(__file__).with_name("results")
LONGEST = 600  # seconds that a run may take before it is given up
FORWARDS = " over a hook that only forwards"  # a row of that name compares with one, not with no hook
INHERITED_BY_NO_RUN = ("LD_PRELOAD", "HEAPSTER_HOOKS")  # what the caller's shell may hold


@dataclasses.dataclass(frozen=True)
class Run:
    seconds: float  # on the wall
    processor: float  # seconds of processor time
    peak: int  # resident bytes, of the program or its largest child
    output: str


def environment_of_a_run(settings):
    """The caller's, less what would count the run, and then `settings`."""
    return {name: value for name, value in os.environ.items() if name not in INHERITED_BY_NO_RUN} | settings


class Failed(SystemExit):
    """A program that ended badly; ends the bench with its words unless somebody expects it."""


class Runner:
    """Runs programs through the build tree's `timed`, which knows what they took."""

    def __init__(self, build):
        self.timed = build / "tests/bench/timed"

    @contextlib.contextmanager
    def start(self, command, environment=None, stdin=None):
        """A program that is running; `finish` waits for it. Killed with its children if it outlives the block."""
        settings = environment_of_a_run(environment or {})
        if "LD_PRELOAD" in settings:
            settings["TIMED_PRELOAD"] = settings.pop("LD_PRELOAD")
        with tempfile.TemporaryDirectory() as folder, open(stdin or os.devnull) as source:
            taken, output, errors = (pathlib.Path(folder, name) for name in ("taken", "output", "errors"))
            with output.open("w") as to_output, errors.open("w") as to_errors:
                words = [str(word) for word in (self.timed, taken, *command)]
                child = subprocess.Popen(
                    words, env=settings, stdin=source, stdout=to_output, stderr=to_errors, start_new_session=True)
            try:
                yield Running(child, words[2:], taken, output, errors)
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()

    def run(self, command, environment=None, stdin=None):
        """One run; `environment` is what it has beside the caller's."""
        with self.start(command, environment, stdin) as running:
            return running.finish()


@dataclasses.dataclass(frozen=True)
class Running:
    child: subprocess.Popen
    words: list
    taken: pathlib.Path
    output: pathlib.Path
    errors: pathlib.Path

    def finish(self):
        if self.child.wait(LONGEST):
            said = self.errors.read_text(errors="replace")[-2000:]
            program = pathlib.Path(self.words[0]).name
            raise Failed(f"{program} ended with status {self.child.returncode}\n{' '.join(self.words)}\n{said}")
        seconds, processor, kib = self.taken.read_text().split()
        return Run(float(seconds), float(processor), int(kib) * 1024, self.output.read_text(errors="replace"))


def there_and_back(cells, times):
    """The cells, as often; each time the other way round: what only rises or falls meanwhile favours no cell."""
    for number in range(times):
        yield cells[::-1] if number % 2 else cells


def in_turns(cells, rounds, take):
    """{cell: [take(cell), one a round]}; neighbouring cells are compared best."""
    taken = collections.defaultdict(list)
    for number, one_round in enumerate(there_and_back(list(cells), rounds), 1):
        for cell in one_round:
            taken[cell].append(take(cell))
        print(f"round {number} of {rounds}", file=sys.stderr)
    return taken


@dataclasses.dataclass(frozen=True)
class Spread:
    """A median, and the quartiles around it; NaN where nothing was measured."""

    median: float
    low: float
    high: float

    def cells(self, digits=3):
        return ["" if math.isnan(value) else f"{value:.{digits}f}" for value in (self.median, self.low, self.high)]


def columns(name):
    """The headings of a spread."""
    return [name, f"{name} (lower quartile)", f"{name} (upper quartile)"]


def spread(values):
    values = list(values) or [math.nan]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return Spread(statistics.median(values), low, high)


def ratios(values, bare):
    """Each run over the bare run of its round."""
    return [value / base for value, base in zip(values, bare)]


def added(values, bare):
    """What each run took more than the bare run of its round."""
    return [value - base for value, base in zip(values, bare)]


def share(values, whole):
    """Each value over the median of the whole; nothing where the whole is lost in the noise.

    Over each round's own whole, one that is near nothing would make a ratio of thousands.
    """
    middle = spread(whole)
    return [value / middle.median for value in values] if middle.low > 0 else []


def machine():
    model = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    kernel = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{model}, {os.cpu_count()} processors, {kernel} {platform.machine()}"


def first_line(*command):
    """What a program says of itself, or nothing where it is not installed."""
    try:
        said = subprocess.run(command, capture_output=True, check=True, text=True, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return (said.splitlines() or [""])[0].strip()


def package_versions(*packages):
    """Debian's versions; those that are not installed are left out."""
    versions = [first_line("dpkg-query", "-W", "-f", "${Package} ${Version}", package) for package in packages]
    return [version for version in versions if version.partition(" ")[2]]


def parser(description, rounds):
    """The options that every bench has."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument("build", type=pathlib.Path, help="the build tree")
    made.add_argument("--rounds", type=int, default=rounds, help=f"runs of each, of which the median counts ({rounds})")
    made.add_argument("--quick", action="store_true", help="everything once and tiny, to see that it runs")
    made.add_argument("--output", type=pathlib.Path, help="the CSV file; only shown, not kept, where this is missing")
    return made


def options(made):
    given = made.parse_args()
    given.build = given.build.resolve()
    if not (given.build / "tests/bench/timed").exists():
        made.error(f"{given.build} holds no built bench: ./dev build, then name build")
    if given.rounds < 1:
        made.error(f"--rounds {given.rounds}: at least 1")
    if given.quick:
        given.rounds = 1
    return given


@dataclasses.dataclass
class Sheet:
    """Figures under one heading, and how they were made."""

    columns: list
    versions: list = dataclasses.field(default_factory=list)
    missing: dict = dataclasses.field(default_factory=dict)  # what could not be measured: why
    rows: list = dataclasses.field(default_factory=list)
    where: str = ""  # when and on what machine; here and now where it is empty

    def keep(self, group, output):
        """Shows the figures; keeps them where a file is named, whole or not at all."""
        words = [word for word in sys.argv[2:] if word != "--output" and word != str(output)]
        where = self.where or f"{datetime.date.today()}, {machine()}"
        comments = [" ".join(["./dev bench", group, *words]), where, ", ".join([" ".join(platform.libc_ver()), *self.versions])]
        comments += [f"missing: {what}: {why}" for what, why in self.missing.items()]
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows([self.columns, *self.rows])
        text = "".join(f"# {line}\n" for line in comments) + table.getvalue()
        print(text, end="", flush=True)
        if output:
            beside = output.with_suffix(".new")
            beside.write_text(text, encoding="utf-8")
            beside.replace(output)


def read(path):
    """The comments and the rows of a kept sheet, each row as {column: cell}."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line[2:] for line in lines if line.startswith("# ")]
    return comments, list(csv.DictReader(line for line in lines if not line.startswith("#")))
