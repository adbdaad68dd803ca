"""The same tests once more, in a process of its own.

An update has them in reverse, with another hash seed. What differs varies by itself: it hangs on the order of sets or of
tests, or draws random numbers. Its entry keeps the least and the most that was seen. Where a plugin gave the tests another
order than that of the files, the second process of an update has that of the files instead.

A run that compares, and has its tests in another order than that of the files, has them in that order to tell whether the
order is the only reason why a figure is a little too high.

All these processes have the same hash seed, unless the user chose one. So a figure that hangs on the seed alone is there what it
was when the baseline was made, and a figure that changed is not.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from typing import Dict, List, Optional, Set, Tuple

import pytest
from heapster.baseline import Entry

from pytest_heapster.options import ENVIRONMENT, FILES, REVERSE, Settings

CODE = "import sys; sys.path[0:1] = {path}; import pytest; sys.exit(pytest.console_main())"

# The options that make pytest and its plugins write no file, by the attribute of config.option that each sets.
WRITE_NOTHING = (
    ("xmlpath", "--junitxml="),
    ("log_file", f"--log-file={os.devnull}"),
    ("htmlpath", "--html="),
    ("report_log", "--report-log="),
    ("json_report_file", "--json-report-file=none"),
    ("allure_report_dir", "--alluredir="),
    ("md_report_output", "--md-report-output="),
)

# Baselines hold what was seen with this hash seed, so another one would make them less sure.
SEED = "1"


def write(path: pathlib.Path, entries: Dict[str, Entry]) -> None:
    """In the second process: its figures, for the first one."""
    seen = {name: {field: entry.varies.get(field, (value, value)) for field, value in entry.figures.items()}
            for name, entry in entries.items()}  # fmt: skip
    path.write_text(json.dumps(seen), encoding="utf-8")


def _make_environment(config: pytest.Config, settings: Settings) -> Dict[str, str]:
    """The one that the run began with. A seed that the user chose stays: the tests run so."""
    environment = config.stash[ENVIRONMENT].copy()
    if settings.has_free_seed:
        environment["PYTHONHASHSEED"] = SEED
    return environment


def _make_command(config: pytest.Config, folder: pathlib.Path, options: List[str]) -> List[str]:
    """This run once more with these options, without what it writes for others."""
    path = [""] if any(each in ("", os.getcwd()) for each in sys.path) else []
    command = [sys.executable, "-c", CODE.format(path=path), *map(str, config.invocation_params.args)]
    command += [f"--heap-second-report={folder / 'figures.json'}", *options]
    command += [option for name, option in WRITE_NOTHING if hasattr(config.option, name)]
    manager = config.pluginmanager
    if manager.hasplugin("terminal"):
        command.append("-q")
    if config.getoption("store_durations", False):
        command.append(f"--durations-path={folder / 'durations.json'}")
    if manager.hasplugin("cacheprovider"):
        command += ["-o", f"cache_dir={folder / 'cache'}"]
    if manager.hasplugin("_cov") or manager.hasplugin("pytest_cov"):
        command.append("--no-cov")
    if manager.hasplugin("benchmark") or manager.hasplugin("pytest_benchmark.plugin"):
        command.append("--benchmark-disable")
    return command


def _run_limited(
    config: pytest.Config, environment: Dict[str, str], command: List[str], seconds: Optional[float]
) -> Tuple[str, int]:
    """What a process printed, and its status. It ends with all its children if it takes longer."""
    with subprocess.Popen(
        command,
        cwd=config.invocation_params.dir,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(timeout=seconds)[0], process.returncode
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


# The least and the most that was seen, by the field, by the measurement.
Seen = Dict[str, Dict[str, Tuple[int, int]]]


def _run(
    config: pytest.Config, settings: Settings, options: List[str], seconds: Optional[float] = None
) -> Tuple[Seen, Optional[str]]:
    """The figures of a second process, and what went wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            environment, command = _make_environment(config, settings), _make_command(config, folder, options)
            printed, status = _run_limited(config, environment, command, seconds)
        except subprocess.TimeoutExpired:
            return {}, f"a process that runs the tests so takes longer than {seconds:.0f} s"
        try:
            return json.loads((folder / "figures.json").read_text(encoding="utf-8")), None
        except (OSError, ValueError):
            last = (printed.strip().splitlines() or ["it printed nothing"])[-1]
            return {}, f"a second process ended with status {status}: {last}"


def update_again(
    config: pytest.Config, settings: Settings, is_reverse: bool = True
) -> Tuple[Dict[str, Entry], Optional[str]]:
    """What another process of an update found, and what went wrong. It has the tests in reverse if this one has them in the
    order of the files, or both have that order."""
    options = ["--heap-baseline=update", f"--heap-second-order={REVERSE if is_reverse else FILES}"]
    seen, problem = _run(config, settings, options)
    entries = {name: Entry({field: most for field, (_, most) in pairs.items()}, {},
                           {field: (least, most) for field, (least, most) in pairs.items() if least != most})
               for name, pairs in seen.items()}  # fmt: skip
    return entries, f"what varies by itself is not known: {problem}" if problem else None


def list_kept_in_files_order(
    config: pytest.Config, settings: Settings, seconds: float
) -> Tuple[Set[str], Optional[str]]:
    """The measurements that keep their limits and their baseline in the order of the files; what went wrong. They run in one
    process, however many workers the run has, and all of them, though the run stops at the first failure."""
    options = [f"--heap-second-order={FILES}", "--maxfail=0", "-o", "heap_explain=off"]
    if hasattr(config.option, "numprocesses"):
        options += ["-n", "0", "--dist", "no"]
    seen, problem = _run(config, settings, options, seconds)
    return {*seen}, problem
