"""The second process of an update: the same tests in reverse, with another hash seed. What differs varies by itself: it
hangs on the order of sets or of tests, or draws random numbers. Its entry keeps the least and the most that was seen."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Dict, List, Optional, Tuple

import pytest
from heapster.baseline import Entry

CODE = "import sys; sys.path[0:1] = {path}; import pytest; sys.exit(pytest.console_main())"


def write(path: pathlib.Path, entries: Dict[str, Entry]) -> None:
    """In the second process: its figures, for the first one."""
    seen = {name: {field: entry.varies.get(field, (value, value)) for field, value in entry.figures.items()}
            for name, entry in entries.items()}  # fmt: skip
    path.write_text(json.dumps(seen), encoding="utf-8")


def _make_command(config: pytest.Config, folder: pathlib.Path) -> List[str]:
    """This run once more, without what it writes for others."""
    path = [""] if any(each in ("", os.getcwd()) for each in sys.path) else []
    command = [sys.executable, "-c", CODE.format(path=path), *map(str, config.invocation_params.args)]
    command += ["-q", "--heap-baseline=update", f"--heap-second-report={folder / 'figures.json'}"]
    manager = config.pluginmanager
    if manager.hasplugin("junitxml"):
        command.append("--junitxml=")
    if manager.hasplugin("cacheprovider"):
        command += ["-o", f"cache_dir={folder / 'cache'}"]
    if manager.hasplugin("_cov") or manager.hasplugin("pytest_cov"):
        command.append("--no-cov")
    if manager.hasplugin("benchmark") or manager.hasplugin("pytest_benchmark.plugin"):
        command.append("--benchmark-disable")
    return command


# The least and the most that was seen, by the field, by the measurement.
Seen = Dict[str, Dict[str, Tuple[int, int]]]


def _run(config: pytest.Config) -> Tuple[Seen, Optional[str]]:
    """The figures of the second process, and what went wrong. A seed that the user fixed stays: the tests run so."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        done = subprocess.run(
            _make_command(config, folder),
            cwd=config.invocation_params.dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        try:
            return json.loads((folder / "figures.json").read_text(encoding="utf-8")), None
        except (OSError, ValueError):
            last = (done.stdout.strip().splitlines() or ["it printed nothing"])[-1]
            return {}, f"what varies by itself is not known: a second process ended with status {done.returncode}: {last}"


def mark_varying(config: pytest.Config, entries: Dict[str, Entry]) -> Optional[str]:
    """Note in these entries what differs in a second process; return what went wrong."""
    seen, problem = _run(config)
    for name, entry in entries.items():
        varies = {}
        for field, value in entry.figures.items():
            own = entry.varies.get(field, (value, value))
            other = seen.get(name, {}).get(field, own)
            pair = (min(own[0], other[0]), max(own[1], other[1]))
            if pair[0] != pair[1]:
                varies[field] = pair
        entries[name] = entry._replace(varies=varies)
    return problem
