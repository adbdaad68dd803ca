"""The modules by every SWIG, for CPython and Lua: built and tested, their values also under CPython's debug allocators.

    matrix.py [--swig 4.5 ...] [--python PATH ...] [--write README]

SWIG comes from PyPI, the last of each minor version. The interpreters are HEAPSTER_PYTHON, the newest one that is here,
and those here without the GIL; a version that is not tried is named. Prints a line a cell; --write puts its row into the
README's table of this Debian, in place of the row of the same versions. Ends with 1 if a cell failed, with 77 without
PyPI. It works in HEAPSTER_MATRIX, or build/matrix.
"""

import argparse
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

import test_wheel

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path(os.environ.get("HEAPSTER_MATRIX", ROOT / "build" / "matrix"))
SWIGS = {"4.1": "==4.1.*", "4.2": "==4.2.*", "4.3": "==4.3.*", "4.4": "==4.4.*", "4.5": ">=4.5"}  # the last: and newer
VALUE_TESTS = ["smoke", "values", "measure", "windows", "measuring", "peaks", "frames", "lua_kinds", "html", "async"]
# Long, and of what lies above the generated code or beside it.
LEFT_OUT = "_matrix$|_plugin_|baseline_file|backend|_rock$|engine|^lua_states"
PACKAGES = ["pytest", "pytest-xdist", "pytest-asyncio", "anyio"]
COUNT, COUNT_UNDER_VALGRIND, MOST_GROWTH = 100_000, 5_000, 1 << 20
BEGIN, END = "<!-- matrix: ./dev matrix -->\n", "<!-- end of matrix -->"


class Failed(Exception):
    """A step that did not end with 0, or not as it should."""


class Cell:
    """One SWIG and one interpreter, or Lua. All cells of an interpreter share its build tree."""

    def __init__(self, swig, target, python):
        self.swig, self.target, self.python = swig, target, python
        self.tree = WORK / python.name / "build"
        self.log = WORK / f"swig-{swig.version}-{target.replace(' ', '-')}.log"
        self.environment = {
            **test_wheel.CLEAN,
            "PATH": f"{swig.folder}:{os.environ['PATH']}",
            "HEAPSTER_BUILD": str(self.tree),
            "PYTHONPATH": str(self.tree / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HEAPSTER_ERROR_ROUNDS": "5000",
        }

    def run(self, *command, **variables):
        """What the command printed, also to the cell's log."""
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=ROOT / "tests" / "python", env={**self.environment, **variables}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # fmt: skip
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(words)}\n{done.stdout}\n")
        if done.returncode != 0:
            raise Failed(f"status {done.returncode}")
        return done.stdout

    def build(self):
        self.run("cmake", "--preset", "default", "-S", ROOT, "-B", self.tree, f"-DSWIG_EXECUTABLE={self.swig.program}",
                 f"-DSWIG_DIR={self.swig.library}", f"-DHEAPSTER_PYTHON={self.python.path}")  # fmt: skip
        self.run("cmake", "--build", self.tree, "--", "--quiet")
        for language in ("python", "lua"):
            folder = self.tree / "bindings" / f"heapster_{language}.c"
            (generated,) = folder.glob("*_wrap.c")
            if f"Version {self.swig.version}" not in generated.read_text(encoding="utf-8", errors="replace")[:500]:
                raise Failed(f"{generated} is of another SWIG")
        return "ok"

    def ctest(self, *words):
        text = self.run("ctest", "--test-dir", self.tree, "-LE", "long", "--timeout", "900", "--output-on-failure",
                        *words)  # fmt: skip
        ran = re.search(r"tests passed, 0 tests failed out of (\d+)", text)
        if not ran:
            raise Failed("no tests")
        return ran[1]

    def all_tests(self):
        label = "^lua$" if self.target.startswith("Lua") else "^python$"
        return self.ctest("-L", label, "-E", LEFT_OUT, "-j", os.cpu_count())

    def value_tests(self, *options, **variables):
        """Each file in a process of its own, as ctest runs it."""
        under = [self.tree / "bin" / "heapster", "run", "-o", "/dev/null", "--", self.python.path, *options]
        passed = 0
        for name in VALUE_TESTS:
            text = self.run(*under, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"test_{name}.py",
                            PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables)  # fmt: skip
            passed += int(re.search(r"(\d+) passed", text)[1])
        return str(passed)

    def values(self):
        script = ROOT / "tests" / "python" / "values.py"
        self.run(self.python.path, script, COUNT, MOST_GROWTH, PYTHONMALLOC="debug")
        if self.python.version.endswith("t"):
            return "ok"  # without valgrind, which does not see what happens inside mimalloc
        self.run("valgrind", "-q", "--error-exitcode=99", self.python.path, script, COUNT_UNDER_VALGRIND,
                 PYTHONMALLOC="malloc")  # fmt: skip
        return "ok"

    def steps(self):
        """By column: what fills it."""
        yield "build", self.build
        yield "tests", self.all_tests
        if self.target.startswith("Lua"):
            return
        yield "`-X dev`", lambda: self.value_tests("-X", "dev")
        yield "`debug`", lambda: self.value_tests(PYTHONMALLOC="debug")
        if not self.python.version.endswith("t"):  # without the GIL objects are never malloc's
            yield "`malloc_debug`", lambda: self.value_tests(PYTHONMALLOC="malloc_debug")
        yield "restarts", lambda: self.ctest("-R", "^(restart|embed)_python") and "ok"
        yield "values", self.values

    def check(self):
        """What each column says; after a failed build the others are not tried."""
        self.log.unlink(missing_ok=True)
        found = {}
        for column, step in self.steps():
            try:
                found[column] = step()
            except Failed as failure:
                found[column] = f"failed: {failure}"
                if column == "build":
                    break
        return found


class Swig:
    """One of PyPI's, in a virtual environment; `folder` has nothing but the program, for PATH."""

    def __init__(self, minor):
        venv = WORK / f"swig-{minor}"
        self.folder = venv / "path"
        if not (venv / "bin" / "pip").exists():
            test_wheel.output(sys.executable, "-m", "venv", venv)
        done = test_wheel.run(venv / "bin" / "pip", "install", "-q", "--upgrade", f"swig{SWIGS[minor]}")
        if done.returncode != 0:
            sys.stderr.write(done.stderr)
            sys.exit(77)
        self.program = self.folder / "swig"
        self.folder.mkdir(exist_ok=True)
        if not self.program.is_symlink():
            self.program.symlink_to(venv / "bin" / "swig")
        self.version = re.search(r"SWIG Version ([\d.]+)", test_wheel.output(self.program, "-version"))[1]
        self.library = test_wheel.output(self.program, "-swiglib").strip()


ASK_VERSION = (
    "import platform, sysconfig\n"
    "print(platform.python_version() + ('t' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''))"
)


class Python:
    """An interpreter with pytest: itself, or a virtual environment of it."""

    def __init__(self, path):
        self.version = test_wheel.output(path, "-c", ASK_VERSION).strip()
        self.name = f"python-{self.version}"
        self.path = pathlib.Path(path)
        if test_wheel.run(path, "-c", "import pytest, xdist, pytest_asyncio, anyio").returncode != 0:
            self.path = WORK / self.name / "venv" / "bin" / "python"
            if not self.path.exists():
                test_wheel.output(path, "-m", "venv", self.path.parents[1])
            test_wheel.output(self.path, "-m", "pip", "install", "-q", *PACKAGES)


def default_pythons():
    """HEAPSTER_PYTHON, the newest with the GIL, and all without."""
    here = test_wheel.interpreters()
    newest = max((each for each in here if not each.endswith("t")), key=test_wheel.VERSIONS.index)
    chosen = [newest, *(each for each in test_wheel.VERSIONS if each in here and each.endswith("t"))]
    return [os.environ.get("HEAPSTER_PYTHON", "/usr/bin/python3"), *(here[each] for each in chosen)]


def name_those_left_out(paths, swigs):
    """Of the supported versions: those that no cell is for."""
    tried = {test_wheel.output(path, "-c", test_wheel.ASK).split()[0] for path in paths}
    here = test_wheel.interpreters()
    for version in test_wheel.VERSIONS:
        if version not in tried:
            print(f"left out: CPython {version}, {here.get(version, 'which is not here')}", flush=True)
    for swig in SWIGS:
        if swig not in swigs:
            print(f"left out: SWIG {swig}", flush=True)


COLUMNS = ["build", "tests", "`-X dev`", "`debug`", "`malloc_debug`", "restarts", "values"]
HEAD = f"| SWIG | for | tried | {' | '.join(COLUMNS)} |\n" + "|---" * (3 + len(COLUMNS)) + "|\n"


def machine():
    """The Debian, and what builds and checks there."""
    tools = [test_wheel.output(tool, "--version").splitlines()[0].split()[-1] for tool in ("gcc", "cmake", "valgrind")]
    return "{}, gcc {}, CMake {}, {}".format(platform.freedesktop_os_release()["PRETTY_NAME"], *tools)


def read_rows(text):
    """By machine: its rows, by their versions."""
    rows, of = {}, None
    for line in text.splitlines():
        if re.match(r"\| \d", line):
            rows[of][tuple(line.strip("| ").split(" | ")[:2])] = line
        elif line.endswith(":"):
            of = line[:-1]
            rows[of] = {}
    return rows


def with_row(text, of, key, words):
    """The page with a row of that machine in its table, in place of the Debian's row of the same versions."""
    before, found, rest = text.partition(BEGIN)
    old, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"there is no {BEGIN.strip()} with {END} behind it")
    debian = of.partition(",")[0]
    rows = read_rows(old)
    for each in [each for each in rows if each.partition(",")[0] == debian]:
        rows[each] = {name: row for name, row in rows[each].items() if minor(name) != minor(key)}
    rows.setdefault(of, {})[key] = f"| {' | '.join([*key, *words])} |"
    tables = [table(each, rows[each]) for each in sorted(rows) if rows[each]]
    return before + BEGIN + "\n".join(tables) + END + after


def table(of, rows):
    """A machine's rows in the order of their versions, and below them who was not tried with which SWIG."""
    text = f"{of}:\n\n{HEAD}" + "".join(f"{rows[key]}\n" for key in sorted(rows, key=minor))
    missing = {}
    for target in sorted({key[1] for key in rows}, key=lambda each: minor(("0", each))):
        tried = {key[0].rpartition(".")[0] for key in rows if minor(("0", key[1])) == minor(("0", target))}
        missing.setdefault(", ".join(swig for swig in SWIGS if swig not in tried), []).append(target)
    return text + "".join(f"\nLeft out: SWIG {swigs} for {', '.join(missing[swigs])}.\n" for swigs in missing if swigs)


def write_row(readme, cell, found):
    words = [datetime.date.today().isoformat(), *(found.get(column, "") for column in COLUMNS)]
    try:
        text = with_row(readme.read_text(encoding="utf-8"), machine(), (cell.swig.version, cell.target), words)
    except ValueError as error:
        sys.exit(f"{readme}: {error}")
    readme.write_text(text, encoding="utf-8")


def minor(key):
    """(4, 5), "CPython", (3, 13), "t" of a row's versions; the last is "" where there is a GIL."""
    words = [part for text in key for part in text.split()]
    numbers = [word.rstrip("t").split(".")[:2] if word[0].isdigit() else word for word in words]
    versions = [tuple(map(int, each)) if isinstance(each, list) else each for each in numbers]
    return [*versions, "t" * words[-1].endswith("t")]


def lua_version():
    return re.search(r"Lua ([\d.]+)", test_wheel.output("lua5.4", "-v"))[1]


def program(path):
    if not os.access(path, os.X_OK) or pathlib.Path(path).is_dir():
        raise argparse.ArgumentTypeError(f"{path} is no program")
    return path


def cells(swigs, paths):
    pythons = [Python(path) for path in paths]
    for swig in swigs:
        for python in pythons:
            yield Cell(swig, f"CPython {python.version}", python)
        yield Cell(swig, f"Lua {lua_version()}", pythons[0])


def main():
    parser = argparse.ArgumentParser(prog="./dev matrix", description=__doc__.partition("\n")[0])
    parser.add_argument("--swig", nargs="+", choices=SWIGS, default=list(SWIGS))
    parser.add_argument("--python", nargs="+", metavar="PATH", type=program, default=None)
    parser.add_argument("--write", type=pathlib.Path, metavar="README")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    failures = 0
    paths = options.python or default_pythons()
    name_those_left_out(paths, options.swig)
    for cell in cells([Swig(name) for name in options.swig], paths):
        start = time.monotonic()
        found = cell.check()
        failed = [column for column, words in found.items() if words.startswith("failed")]
        failures += bool(failed)
        verdict = f"failed: {', '.join(failed)}; see {cell.log}" if failed else "ok"
        print(f"SWIG {cell.swig.version:7} {cell.target:15} {time.monotonic() - start:4.0f} s  {verdict}", flush=True)
        if options.write:
            write_row(options.write, cell, found)
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
