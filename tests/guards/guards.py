"""What heapster adds to one operation, in instructions, against a bound: the table below, found by callgrind.

callgrind counts exactly, so unlike a time a figure has no noise, and a bound can be tight. The instructions of an
operation are the difference of two runs, with N and 2N operations, divided by N: starting and ending fall out.
Instructions say nothing about cache misses or contention; the bench does.
"""

import argparse
import concurrent.futures
import csv
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HOOK = "lib/libheapster_malloc.so"
COMMANDED = "tests/guards/commanded_malloc.so"
OBJECTS = pathlib.Path(__file__).resolve().with_name("objects.py")
NEW_THREADS = {"operations": 1000, "thread": "02"}  # how threads wait for each other is left out: it is not exact
PYTHON = ("PYTHONPATH={build}/python", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "{python}", "-s", str(OBJECTS))


# --- what is run ---

class Figure:
    """A sum of runs, each with its sign: `a - b` of two figures is one."""

    def __init__(self, signs):
        self.signs = signs

    def __sub__(self, other):
        return Figure([*self.signs, *((-sign, run) for sign, run in other.signs)])

    def value(self, found):
        return sum(sign * found[run] for sign, run in self.signs)


@dataclasses.dataclass(frozen=True)
class Run:
    """A program that repeats an operation as often as its last word says; {build} in a word is the build tree."""

    words: tuple
    preload: tuple = ()
    operations: int = 10_000  # and twice that: numbers of the same length, so that no program reads more of one
    thread: str = ""  # callgrind's number of the only thread that counts


def pattern(program, name, *preload, **options):
    return Figure([(1, Run((f"{{build}}/tests/guards/{program}", name), preload, **options))])


def named(name, *preload):
    """A named heap, over the same by malloc."""
    return pattern("heap_requests", name, *preload) - pattern("malloc_requests", name, *preload)


def preloaded(name, *below, **options):
    """The hook in front of malloc, over the same without it."""
    return pattern("malloc_requests", name, HOOK, *below, **options) - pattern(
        "malloc_requests", name, *below, **options)


def interpreter(name, way, *preload):
    """An interpreter's allocator functions counted in this way, over the same uncounted."""
    return pattern("interpreters", f"{name}-{way}", *preload) - pattern("interpreters", name, *preload)


def python(way, *before):
    return Figure([(1, Run(("env", *PYTHON[:3], *before, *PYTHON[3:], way)))])


# --- the table ---

@dataclasses.dataclass(frozen=True)
class Guard:
    name: str
    bound: int
    figure: Figure
    measured: str


# A bound is what was found, rounded up to a whole instruction. Over the commanded allocator a block moves, or stays,
# because it has to; over glibc it would by luck.
GUARDS = (
    Guard("heap", 112, named("pairs"),
          "a malloc and its free, in a named heap"),
    Guard("heap-foreign", 301, named("foreign-pairs"),
          "the same where another heap owns the segment: each block is a foreign one"),
    Guard("heap-alternating", 497, named("alternating-pairs", COMMANDED),
          "a malloc and its free, where two heaps take turns at each request"),
    Guard("heap-grow", 116, named("growths", COMMANDED) - named("pairs", COMMANDED),
          "a realloc of a named heap that grows in place"),
    Guard("preload", 85, preloaded("pairs"),
          "a malloc and its free, with the hook preloaded"),
    Guard("preload-calloc", 114, preloaded("calloc-pairs", COMMANDED),
          "a calloc and its free"),
    Guard("preload-aligned", 108, preloaded("aligned-pairs", COMMANDED),
          "an aligned_alloc and its free"),
    Guard("preload-grow", 101, preloaded("growths", COMMANDED) - preloaded("pairs", COMMANDED),
          "a realloc that grows in place"),
    Guard("preload-move", 105, preloaded("moves", COMMANDED) - preloaded("pairs", COMMANDED),
          "a realloc that grows and moves"),
    Guard("preload-shrink", 108, preloaded("shrinks", COMMANDED) - preloaded("pairs", COMMANDED),
          "a realloc that shrinks in place"),
    Guard("preload-other-thread", 92, preloaded("frees-from-another-thread", COMMANDED),
          "a malloc by one thread and its free by another, their flushes included"),
    Guard("preload-new-thread", 2391, preloaded("threads-with-a-pair", COMMANDED, **NEW_THREADS)
          - preloaded("idle-threads", COMMANDED, **NEW_THREADS),
          "a new thread's first malloc, its free and giving back the thread's record, over an idle thread"),
    Guard("heap-explained", 310, named("explained-pairs"),
          "a malloc and its free, in a named heap, each request attributed to its site"),
    Guard("preload-explained", 294, preloaded("explained-pairs"),
          "a malloc and its free, with the hook preloaded, each request attributed to its site"),
    Guard("preload-explained-grow", 219,
          preloaded("explained-growths", COMMANDED) - preloaded("explained-pairs", COMMANDED),
          "a realloc that grows in place, attributed to its site"),
    Guard("preload-explained-move", 253,
          preloaded("explained-moves", COMMANDED) - preloaded("explained-pairs", COMMANDED),
          "a realloc that grows and moves, attributed to its site"),
    Guard("heap-explained-grow", 245, named("explained-growths", COMMANDED) - named("explained-pairs", COMMANDED),
          "a realloc of a named heap that grows in place, attributed to its site"),
    Guard("domain", 82, interpreter("domain-pairs", "counted"),
          "a malloc and its free, through CPython's counted functions"),
    Guard("domain-foreign", 401, interpreter("domain-pairs", "foreign"),
          "the same where another heap owns the segment"),
    Guard("python-object", 196, python("counted", "{build}/bin/heapster", "run", "-o", "/dev/null", "--")
          - python("bare"),
          "a Python object made and dropped, under heapster run with the module imported"),
    Guard("python-explained", 567, python("explained", "{build}/bin/heapster", "run", "-o", "/dev/null", "--")
          - python("bare"),
          "the same object, while it is explained: each request attributed to its line"),
    Guard("lua", 166, interpreter("lua-pairs", "counted", COMMANDED),
          "a new block and its free, through the counted lua_Alloc over the system's allocator"),
    Guard("lua-backed", 266, interpreter("lua-pairs", "backed", COMMANDED),
          "the same over an allocator of the host's own"),
    Guard("lua-resize", 161,
          interpreter("lua-resizes", "counted", COMMANDED) - interpreter("lua-pairs", "counted", COMMANDED),
          "a resize in place, through the counted lua_Alloc over the system's allocator"),
    Guard("mark", 923, pattern("measuring", "quiet-marks"),
          "a frame mark over 8 heaps in which nothing happened"),
    Guard("mark-busy", 11077, pattern("measuring", "busy-marks"),
          "a frame in which each of 8 heaps serves and frees a block, all of it included"),
    Guard("mark-rescan", 162, pattern("measuring", "hooked-marks") - pattern("measuring", "unhooked-marks"),
          "a frame mark's rescan for libraries, while malloc is hooked at run time"),
    Guard("window", 1369, pattern("measuring", "heap-windows"),
          "an empty window of process scope on one heap: begin and end"),
    Guard("window-total", 3068, pattern("measuring", "total-windows"),
          "the same on the total of 8 heaps"),
)


# --- counting ---

def instructions(command, preload=(), thread=""):
    """Instructions of one run, its start and end and all its processes included, or of a thread of its only process. No
    variable of the caller's is seen.
    """
    valgrind = shutil.which("valgrind") or sys.exit("valgrind is not on PATH")
    # Through env(1): valgrind itself is to run without what is preloaded.
    child = ["env", f"LD_PRELOAD={':'.join(map(str, preload))}"] if preload else []
    with tempfile.TemporaryDirectory() as folder:
        out = [f"--callgrind-out-file={folder}/out", "--separate-threads=yes"] if thread else [
            "--callgrind-out-file=/dev/null"]
        done = subprocess.run(
            [valgrind, "--command-line-only=yes", "--tool=callgrind", "--trace-children=yes", *out, *child,
             *map(str, command)],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False)
        text = done.stderr
        if thread and done.returncode == 0:
            text = pathlib.Path(folder, f"out-{thread}").read_text("utf-8")
    collected = re.findall(r"^(?:==\d+== Collected :|totals:) (\d+)", text, re.MULTILINE)
    if done.returncode != 0 or not collected or "cannot be preloaded" in done.stderr:  # which the loader ignores
        sys.exit(f"{' '.join(map(str, command))} under callgrind: status {done.returncode}\n{done.stderr}")
    return sum(map(int, collected))


def count(runs, build):
    """{run: instructions of one operation}, as many runs at once as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:

        def counted(run, operations):
            words = [word.format(build=build, python=sys.executable) for word in run.words]
            libraries = [build / library for library in run.preload]
            return pool.submit(instructions, [*words, str(operations)], libraries, run.thread)

        pairs = {run: (counted(run, run.operations), counted(run, 2 * run.operations)) for run in runs}
    return {run: (twice.result() - once.result()) / run.operations for run, (once, twice) in pairs.items()}


def find(guards, build):
    """{name: instructions}"""
    runs = {run: None for guard in guards for _, run in guard.figure.signs}
    found = count(runs, build)
    return {guard.name: guard.figure.value(found) for guard in guards}


# --- the verdict ---

def is_kept(found, bound):
    """To a tenth, as it is printed. Nothing added means that the library was not loaded."""
    return 0 < round(found, 1) <= bound


def judge(guards, found):
    """The table in words, and the names of the broken ones."""
    broken = [guard.name for guard in guards if not is_kept(found[guard.name], guard.bound)]
    lines = [f"{'guard':<22}{'found':>10}{'bound':>8}"]
    for guard in guards:
        verdict = "BROKEN" if guard.name in broken else "ok"
        lines.append(f"{guard.name:<22}{found[guard.name]:>10.1f}{guard.bound:>8}  {verdict:<8}{guard.measured}")
    return "\n".join(lines), broken


def write(path, guards, found):
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["guard", "found", "bound"])
        rows.writerows([guard.name, f"{found[guard.name]:.1f}", guard.bound] for guard in guards)


def chosen(parser, names):
    unknown = sorted(set(names) - {guard.name for guard in GUARDS})
    if unknown:
        parser.error(f"no guard {', '.join(unknown)}; there are: {' '.join(guard.name for guard in GUARDS)}")
    return [guard for guard in GUARDS if not names or guard.name in names]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("names", nargs="*", metavar="NAME", help="guards; all where none is named")
    parser.add_argument("--output", metavar="FILE", help="write what was found to a CSV file, to compare two commits")
    options = parser.parse_args(arguments)
    guards = chosen(parser, options.names)
    found = find(guards, options.build.resolve())
    text, broken = judge(guards, found)
    print(text)
    if options.output:
        write(options.output, guards, found)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
