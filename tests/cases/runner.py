"""Runs cases over a built tree, each in a folder and a session of its own, and reads its verdict.

A case's verdict is the last line it writes to standard output: "right: SEEN", "wrong: SEEN" or "not run: WHY".
"""

import concurrent.futures
import dataclasses
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import needs

LIBRARY = Path(__file__).resolve().parent / "lib"
VERDICT = re.compile(r"(right|wrong|not run): (.*)")
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow".split()


@dataclasses.dataclass(frozen=True)
class Tree:
    root: Path  # the sources
    build: Path


@dataclasses.dataclass(frozen=True)
class Outcome:
    verdict: str  # "right", "wrong", "not run", or "broken": the case itself fails
    seen: str  # or why it was not run, or how it broke
    output: str = ""


def run_all(cases, tree):
    """Pairs of a case and its outcome in the cases' order, as they come to be known."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(cases, pool.map(lambda case: run(case, tree), cases))


def run(case, tree):
    lacking = [words for words in map(needs.missing, case.needs) if words]
    if lacking:
        return Outcome("not run", ", ".join(lacking))
    with tempfile.TemporaryDirectory(prefix="heapster-case-", ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        for name in "work", "tmp":
            (folder / name).mkdir()
        environment = environment_of(tree, folder)
        try:
            command = prepare(case, tree, folder, environment)
        except subprocess.CalledProcessError as error:
            return Outcome("broken", "it does not compile", error.stderr)
        status, out, errors = execute(command, folder, environment, case.timeout)
        return judge(case, status, out, errors)


def environment_of(tree, folder):
    """What `./dev env` exports, and where a case finds what it needs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"HEAPSTER_|PYTEST_|LD_PRELOAD$|MALLOC_|PYTHON|LUA_", name)
    }
    return {
        **kept,
        "HEAPSTER_BUILD": str(tree.build),
        "HEAPSTER_ROOT": str(tree.root),
        "PATH": f"{tree.build}/bin:{os.environ['PATH']}",
        "PYTHONPATH": f"{tree.build}/python:{LIBRARY}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHON": sys.executable,
        "LUA_PATH": f"{LIBRARY}/?.lua;;",
        "LUA_CPATH": f"{tree.build}/lua/?.so;;",
        "CC": os.environ.get("CC", "gcc"),
        "LIBRARY": str(LIBRARY),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C.UTF-8",
    }


def prepare(case, tree, folder, environment):
    """The words that start the case; compiles it where it is a program."""
    path = case.path
    interpreters = {".py": [sys.executable], ".sh": ["sh"], ".lua": ["lua5.4"]}
    if path.suffix in interpreters:
        start = [*interpreters[path.suffix], path]
    else:
        start = [folder / "case"]
        command = [*compile_words(case, tree), "-o", start[0]]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    if case.under_run:
        start = [tree.build / "bin" / "heapster", "run", "-o", "/dev/null", "--", *start]
    return [str(word) for word in (*start, *case.args)]


def compile_words(case, tree):
    is_c = case.path.suffix == ".c"
    compiler = (
        [os.environ.get("CC", "gcc"), "-std=c11", "-Wstrict-prototypes"]
        if is_c
        else [os.environ.get("CXX", "g++"), "-std=c++17"]
    )
    includes = [f"-I{folder}" for folder in (LIBRARY, tree.root / "core/include", tree.root / "bindings/include")]
    flags = [word for flag in case.flags for word in expanded(flag, tree)]
    # An unused malloc and free may not be dropped: they are what is counted.
    options = ["-O1", "-g", "-D_GNU_SOURCE", "-fno-builtin", "-pthread", "-isystem", "/usr/include/lua5.4", *WARNINGS]
    link = [*flags, f"-L{tree.build}/lib", "-lheapster", f"-Wl,-rpath,{tree.build}/lib"]
    return [*compiler, *options, *includes, case.path, *link]


def expanded(flag, tree):
    if flag == "$LIBPYTHON":  # of the interpreter that runs this
        where = sysconfig.get_config_var
        return [f"-L{where('LIBDIR')}", f"-lpython{where('LDVERSION')}", f"-Wl,-rpath,{where('LIBDIR')}"]
    return [flag.replace("$BUILD", str(tree.build))]


def execute(command, folder, environment, timeout):
    """Status (None where the time was up), standard output and standard error. Nothing that was started is left."""
    with open(folder / "out", "w+b") as out, open(folder / "errors", "w+b") as errors:
        process = subprocess.Popen(
            ["sh", "-c", 'ulimit -c 0; exec "$@"', "sh", *command],
            cwd=folder / "work",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            end_session(process.pid)
            process.wait()
        texts = []
        for file in out, errors:
            file.seek(0)
            texts.append(file.read().decode(errors="backslashreplace"))
    return status, *texts


def end_session(leader):
    """Kills every process of the session: what a case starts may have left its process group. Again until none is left,
    since one may start another meanwhile, and the killed end when the system comes to them."""
    deadline = time.monotonic() + 10
    while kill_session(leader) and time.monotonic() < deadline:
        time.sleep(0.01)


def kill_session(leader):
    """Whether there was a process of it that had not ended."""
    was_there = False
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
            if int(session) == leader and state not in "ZX":
                was_there = True
                os.kill(int(folder.name), signal.SIGKILL)
        except (OSError, ValueError):
            continue  # it has ended meanwhile
    return was_there


def signal_of(status):
    """The name of the signal that ended a process, or ended one that a shell waited for; else None."""
    try:
        return signal.Signals(-status if status < 0 else status - 128).name
    except ValueError:
        return None


def judge(case, status, out, errors):
    output = out + errors
    if status is None:
        return Outcome("broken", f"it did not end within {case.timeout} s", output)
    if signal_name := signal_of(status):
        return Outcome("wrong" if case.can_crash else "broken", f"ended by {signal_name}", output)
    found = VERDICT.fullmatch((out.strip().splitlines() or [""])[-1])
    if status or not found:
        last = (errors.strip().splitlines() or [f"status {status}, no verdict"])[-1]
        return Outcome("broken", last, output)
    return Outcome(found[1], found[2], output)
