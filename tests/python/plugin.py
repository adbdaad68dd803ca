"""For the tests of the pytest plugin: projects that run in their own pytest, over a heap that obeys commands."""

import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]

# The project's conftest. Nothing else counts into the heap "commanded".
CONFTEST = """
import ctypes
import pytest

commanded = ctypes.CDLL({library!r})
commanded.commanded_heap_ask.argtypes = commanded.commanded_heap_leak.argtypes = [ctypes.c_int, ctypes.c_size_t]

def pytest_configure():
    import heapster
    assert commanded.commanded_heap_open(b"commanded")

pytest.ask = lambda count, size=1: commanded.commanded_heap_ask(count, size)
pytest.leak = lambda count, size=1: commanded.commanded_heap_leak(count, size)
pytest.move = lambda count: commanded.commanded_heap_move(count)
pytest.be_refused = lambda count: commanded.commanded_heap_be_refused(count)
"""


@pytest.fixture(scope="session")
def commanded_library(tmp_path_factory):
    path = tmp_path_factory.mktemp("commanded") / "commanded_heap.so"
    lib = os.environ["HEAPSTER_BUILD"] + "/lib"
    sources = [f"{HERE}/commanded_heap.c", f"{ROOT}/tests/core/commanded.c", f"{ROOT}/tests/core/commanded_pool.c"]
    command = ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-fPIC", "-shared", "-pthread"]
    command += os.environ.get("HEAPSTER_CFLAGS", "").split()
    paths = [f"-I{ROOT}/core/include", f"-I{ROOT}/tests/core", f"-L{lib}", f"-Wl,-rpath,{lib}", "-lheapster"]
    subprocess.run([*command, *sources, *paths, "-o", str(path)], check=True)
    return str(path)


class Project:
    """A folder with tests; `run` is pytest in a process of its own."""

    def __init__(self, pytester):
        self.pytester = pytester
        self.folder = pytester.path
        self.baseline = self.folder / "heapster-baseline.json"
        pytester.makeini("[pytest]\n")

    def ini(self, *lines):
        self.pytester.makeini("\n".join(["[pytest]", *lines, ""]))

    def test(self, text, name="test_it"):
        self.pytester.makepyfile(**{name: "import heapster, pytest\n" + text})

    def run(self, *arguments, plugins=("heapster",)):
        options = [word for plugin in plugins for word in ("-p", plugin)]
        return self.pytester.runpytest_subprocess(*options, "-p", "no:cacheprovider", *arguments)

    def figures(self, *arguments, **options):
        """What --heap-report says of each measurement, by the last part of its name."""
        result = self.run(f"--heap-report=json:{self.folder}/report.json", *arguments, **options)
        found = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))["measurements"]
        return result, {name.rpartition("::")[2]: each for name, each in found.items()}


@pytest.fixture
def project(pytester, monkeypatch):
    monkeypatch.delenv("LD_PRELOAD", raising=False)  # malloc is not counted, unless a test says so
    return Project(pytester)


@pytest.fixture
def commanded(project, commanded_library):
    """A project with heap "commanded"."""
    project.pytester.makeconftest(CONFTEST.format(library=commanded_library))
    return project
