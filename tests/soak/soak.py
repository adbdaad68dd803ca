"""Real programs with heapster and without: same output, same status, and every process keeps the laws at its end.

    ./dev soak                 all of them; what has passed with this build is not run again
    ./dev soak --short         the short half, over glibc
    ./dev soak redis git       these, again

A line a program and allocator; ends with 1 where one differs. The table goes to tests/soak/README.md with --record.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import laws
import table
from programs import HERE, PROGRAMS

ALLOCATORS = {"glibc": None, "jemalloc": "libjemalloc.so.2", "mimalloc": "libmimalloc.so.2"}
FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
LIMIT = 900  # seconds for one run


def library(allocator):
    """The path of its library, "" for glibc's own, None where it is not installed."""
    if ALLOCATORS[allocator] is None:
        return ""
    paths = [os.path.join(folder, ALLOCATORS[allocator]) for folder in FOLDERS]
    return next((path for path in paths if os.path.exists(path)), None)


def environment(preload):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEAPSTER_", "LD_", "PYTHON"))}
    kept.update(SOAK=str(HERE), SOURCE=str(HERE.parent.parent), LC_ALL="C.UTF-8")
    return {**kept, "LD_PRELOAD": preload} if preload else kept


def outcome(command, folder, preload):
    """(status, output), run in `folder`, which is made empty: programs may not differ by their place."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with subprocess.Popen(command, cwd=folder, env=environment(preload), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=LIMIT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            output, status = b"", f"not ended after {LIMIT} s"
        end_the_rest(process.pid)
    return (status, output)


def end_the_rest(session):
    """What the program left running: it would write where the next one runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def reports(folder):
    """Of every process that left one: the file of one that a signal killed stays empty."""
    for path in sorted(folder.iterdir()):
        text = path.read_text(encoding="utf-8")
        if text:
            yield json.loads(text)


def different_lines(without, counted):
    """The first of those that only one of both outputs has; or that they stand in another order."""
    without, counted = (output.decode(errors="replace").splitlines() for output in (without, counted))
    lines = [f"- {line}" for line in without if line not in counted][:20]
    lines += [f"+ {line}" for line in counted if line not in without][:20]
    return lines or ["the same lines in another order, or another number of them"]


def judged(bare, counted, seen):
    """(verdict, lines that explain it) of two outcomes and the reports of every process."""
    lines = []
    if bare[0] != counted[0]:
        lines.append(f"status {bare[0]} without, {counted[0]} with")
    if bare[1] != counted[1]:
        lines += different_lines(bare[1], counted[1])
    for report in seen:
        lines += [f"{' '.join(report['command'])[:60]}: {line}" for line in laws.broken(report)]
    if not seen:
        lines.append("no process reported")
    return ("differs" if lines else "same"), lines


def run(program, allocator, build):
    preload = library(allocator)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder, figures = pathlib.Path(place) / "run", pathlib.Path(place) / "reports"
        figures.mkdir()
        bare = outcome(program.command(), folder, preload)
        counting = [str(build / "bin/heapster"), "run", "-f", "json", "-o", str(figures / "%p.json"), "--"]
        counted = outcome(counting + program.command(), folder, preload)
        seen = list(reports(figures))
    verdict, lines = judged(bare, counted, seen)
    asked = sum(report["total"]["alloc_count"] for report in seen if report["total"] is not None)
    return {"verdict": verdict, "lines": lines, "status": bare[0], "processes": len(seen), "requests": asked}


def digest(build):
    """Which build the results are of."""
    return hashlib.sha256((build / "lib/libheapster_malloc.so").resolve().read_bytes() +
                          (build / "lib/libheapster.so.0").resolve().read_bytes()).hexdigest()[:16]


class Results:
    """What has been run with this build, kept in the build folder after every program."""

    def __init__(self, build):
        self.path = build / "soak.json"
        self.build = digest(build)
        kept = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        self.rows = kept.get("rows", {}) if kept.get("build") == self.build else {}

    def has_passed(self, key):
        return self.rows.get(key, {}).get("verdict") == "same"

    def keep(self, key, row):
        self.rows[key] = row
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps({"build": self.build, "rows": self.rows}, indent=1), encoding="utf-8")
        beside.replace(self.path)


def step(program, allocator, build):
    missing = program.missing() or ("its library is not installed" if library(allocator) is None else None)
    if missing:
        return {"verdict": "left out", "lines": [missing], "seconds": 0}
    start = time.monotonic()
    row = run(program, allocator, build)
    return {**row, "seconds": round(time.monotonic() - start)}


def chosen(options):
    """The programs to run, each with its allocators."""
    unknown = set(options.names) - {program.name for program in PROGRAMS}
    if unknown:
        sys.exit(f"soak: no program is called {', '.join(sorted(unknown))}; there are "
                 f"{', '.join(program.name for program in PROGRAMS)}")
    for program in PROGRAMS:
        if program.name in options.names or not options.names and (program.is_short or not options.short):
            for allocator in ("glibc",) if options.short else program.allocators:
                yield program, allocator


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="program")
    parser.add_argument("--short", action="store_true", help="the short half, over glibc")
    parser.add_argument("--record", action="store_true", help="put the table into tests/soak/README.md")
    options = parser.parse_args()
    options.build = options.build.resolve()
    results = Results(options.build)
    for program, allocator in chosen(options):
        key = f"{program.name} over {allocator}"
        if options.names or not results.has_passed(key):
            results.keep(key, step(program, allocator, options.build))
        print(table.line(key, results.rows[key]), flush=True)
    if options.record:
        table.record(PROGRAMS, results.rows)
    return 1 if any(row["verdict"] == "differs" for row in results.rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
