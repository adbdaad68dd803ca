"""The installed package, as projects of somebody else find it: by find_package, pkg-config, FetchContent and by hand."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from run_support import BUILD

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = ROOT / "tests/hosts/consumer"
CLEAN = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LUA_CPATH", "LD_PRELOAD")}

# What the consumer prints: requests of its heap, requests of malloc, how malloc is counted.
FOUND = {"heapster": "1 -1 none", "static": "1 -1 none", "malloc": "1 10 link"}
WAYS = pytest.mark.parametrize(("way", "found"), FOUND.items())


def done(*words, **options):
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False,
                           **{"env": CLEAN, **options})  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Installed, and moved afterwards: nothing in it knows where it is."""
    folder = tmp_path_factory.mktemp("installed")
    done("cmake", "--install", BUILD, "--prefix", folder / "first")
    return (folder / "first").rename(folder / "moved")


@pytest.fixture(scope="module")
def consumers(prefix, tmp_path_factory):
    folder = tmp_path_factory.mktemp("consumer")
    done("cmake", "-S", CONSUMER, "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    done("cmake", "--build", folder)
    return folder


@WAYS
def test_a_project_links_the_installed_package(consumers, way, found):
    assert done(consumers / f"consumer_{way}").strip() == found


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """Without optimization, which takes half the time."""
    folder = tmp_path_factory.mktemp("fetched")
    done("cmake", "-S", CONSUMER / "fetch", "-B", folder, "-G", "Ninja", f"-DHEAPSTER_SOURCE={ROOT}")
    done("cmake", "--build", folder)
    return folder


@WAYS
def test_a_project_builds_heapster_as_a_part_of_itself(fetched, way, found):
    assert done(fetched / f"consumer_{way}").strip() == found


def test_a_part_of_another_project_installs_nothing(fetched):
    done("cmake", "--install", fetched, "--prefix", fetched / "prefix")
    assert [path.name for path in (fetched / "prefix").rglob("*") if path.is_file()] == ["consumer_heapster"]


def compile_consumer(folder, *words):
    done("gcc", CONSUMER / "consumer.c", *words, "-o", folder / "consumer", cwd=folder)
    return folder / "consumer"


def run_with_libraries(prefix, program):
    return done(program, env={**CLEAN, "LD_LIBRARY_PATH": str(prefix / "lib")}).strip()


def pkg_config(prefix, *words):
    if shutil.which("pkg-config") is None:
        pytest.skip("pkgconf is not installed")
    return done("pkg-config", *words, env={**CLEAN, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}).split()


PACKAGES = {"heapster": FOUND["heapster"], "heapster-static": FOUND["static"], "heapster-malloc": FOUND["malloc"]}


@pytest.mark.parametrize(("package", "found"), PACKAGES.items())
def test_pkg_config_says_how_to_link(prefix, tmp_path, package, found):
    program = compile_consumer(tmp_path, *pkg_config(prefix, "--cflags", "--libs", package))
    assert run_with_libraries(prefix, program) == found
    needed = [line for line in done("readelf", "-d", program).splitlines() if "NEEDED" in line and "heapster" in line]
    assert bool(needed) == (package != "heapster-static")


def test_pkg_config_knows_the_version_and_where_the_prefix_is(prefix):
    version = re.search(r"project\(heapster VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
    for package in PACKAGES:
        assert pkg_config(prefix, "--modversion", package) == [version]
        (folder,) = pkg_config(prefix, "--variable=libdir", package)
        assert pathlib.Path(folder).resolve() == prefix / "lib"


def test_malloc_is_counted_in_a_program_that_does_not_call_it(prefix, tmp_path):
    (tmp_path / "calls.c").write_text('#include <stdio.h>\nint main(void) { return puts("") < 0; }\n')
    words = pkg_config(prefix, "--libs", "heapster-malloc")
    done("gcc", "calls.c", "-Wl,--as-needed", *words, "-o", "calls", cwd=tmp_path)
    assert "libheapster_malloc.so.0" in done("readelf", "-d", tmp_path / "calls")


def test_a_program_links_by_hand(prefix, tmp_path):
    program = compile_consumer(tmp_path, f"-I{prefix}/include", f"-L{prefix}/lib", "-lheapster")
    assert run_with_libraries(prefix, program) == FOUND["heapster"]


def test_a_program_without_any_shared_library_links(prefix, tmp_path):
    program = compile_consumer(tmp_path, "-static", *pkg_config(prefix, "--static", "--cflags", "--libs", "heapster"))
    assert done(program).strip() == FOUND["heapster"]


def test_each_library_has_a_version_in_its_name(prefix):
    for name in "libheapster.so", "libheapster_malloc.so":
        assert f"Library soname: [{name}.0]" in done("readelf", "-d", prefix / "lib" / name)
        assert (prefix / "lib" / name).readlink() == pathlib.Path(f"{name}.0")


def test_the_installed_command_counts(prefix, tmp_path):
    target = tmp_path / "report.json"
    done(prefix / "bin/heapster", "run", "--format=json", f"--output={target}", "--", "ls", "/")
    assert json.loads(target.read_text())["heaps"]["malloc"]["alloc_count"] > 0
    assert (prefix / "share/man/man1/heapster.1").is_file()


def test_the_command_needs_no_development_files(tmp_path):
    for component in "library", "command":
        done("cmake", "--install", BUILD, "--prefix", tmp_path, "--component", component)
    assert not list(tmp_path.rglob("*.so"))
    done(tmp_path / "bin/heapster", "run", "-o", tmp_path / "report", "--", "true")
    assert (tmp_path / "report").read_text().startswith("heapster: true")


def test_completions_and_licence_lie_where_one_looks(prefix):
    paths = ["bash-completion/completions/heapster", "zsh/site-functions/_heapster", "doc/heapster/LICENSE"]
    for path in [*paths, "fish/vendor_completions.d/heapster.fish"]:
        assert (prefix / "share" / path).is_file()


def cached(name):
    """Of the build tree's settings."""
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(encoding="utf-8"), re.M)
    return found[1] if found else ""


LANGUAGES = {
    "PYTHON": ("heapster/__init__.py", "..", "-c", "import site; print(*site.getsitepackages(), sep='\\n')"),
    "LUA": ("lua/5.*/heapster.so", "?.so", "-e", "print((package.cpath:gsub(';', '\\n')))"),
}


@pytest.fixture(params=LANGUAGES)
def module(request, prefix):
    """A language; its interpreter; the installed module as an entry of the interpreter's path; where it looks by itself."""
    pattern, entry, option, ask = LANGUAGES[request.param]
    interpreter = cached(f"HEAPSTER_{request.param}")
    if cached(f"HEAPSTER_{request.param}_MODULE") != "ON" or "NOTFOUND" in interpreter:
        pytest.skip("there is no such module, or no interpreter for it")
    (path,) = prefix.rglob(pattern)
    folder = pathlib.Path(os.path.normpath(path.parent / entry))
    return request.param, interpreter, folder, done(interpreter, option, ask).splitlines()


def test_the_module_goes_where_its_interpreter_looks(module, prefix):
    _, _, entry, looks = module
    configured = pathlib.Path(cached("CMAKE_INSTALL_PREFIX"))
    if not any(folder.startswith(f"{configured}/") for folder in looks):
        pytest.skip(f"the interpreter does not look under {configured}")
    assert str(configured / entry.relative_to(prefix)) in looks


# One core: what the module counts is what the command shows, in a heap of its own.
SCRIPTS = {
    "PYTHON": """
import importlib.metadata, heapster
assert importlib.metadata.version("heapster") == heapster.__version__
assert heapster.stats("python").alloc_count > 0 and heapster.stats("malloc").alloc_count > 0
cores = {line.split()[-1] for line in open("/proc/self/maps") if "libheapster.so" in line}
assert len(cores) == 1, cores
(plugin,) = [point.value for point in importlib.metadata.distribution("heapster").entry_points if point.group == "pytest11"]
assert plugin == "pytest_heapster", plugin
""",
    "LUA": """
local heapster = require "heapster"
assert(heapster.stats("lua").alloc_count > 0 and heapster.stats("malloc").alloc_count > 0)
""",
}


def test_the_installed_module_finds_the_core_by_itself(module):
    language, interpreter, entry, _ = module
    load = {"PYTHON": "import heapster", "LUA": 'require "heapster"'}[language]
    path = {"PYTHONPATH": str(entry), "LUA_CPATH": str(entry), "PYTHONDONTWRITEBYTECODE": "1"}
    done(interpreter, LANGUAGES[language][2], load, env={**CLEAN, **path})


def test_the_installed_module_shares_the_core_of_the_command(module, prefix):
    language, interpreter, entry, _ = module
    path = {"PYTHONPATH": str(entry), "LUA_CPATH": str(entry), "PYTHONDONTWRITEBYTECODE": "1"}
    words = interpreter, LANGUAGES[language][2], SCRIPTS[language]
    done(prefix / "bin/heapster", "run", "-o", os.devnull, "--", *words, env={**CLEAN, **path})


def test_switches_say_which_modules_go_where(tmp_path):
    """By the rules of a tree that is configured so, and not built. In the system's prefix no file needs a path."""
    if cached("HEAPSTER_LUA_MODULE") != "ON":
        pytest.skip("built without the Lua module")
    switches = ["-DCMAKE_INSTALL_PREFIX=/usr", "-DHEAPSTER_INSTALL_PYTHON=OFF", "-DHEAPSTER_LUA_DIR=share/modules"]
    done("cmake", "-S", ROOT, "-B", tmp_path, "-G", "Ninja", "-DHEAPSTER_TESTS=OFF", *switches)
    rules = (tmp_path / "bindings/cmake_install.cmake").read_text(encoding="utf-8")
    places = set(re.findall(r'file\(INSTALL DESTINATION "([^"]+)" TYPE MODULE', rules))
    assert places == {"${CMAKE_INSTALL_PREFIX}/share/modules"}
    assert set(re.findall(r'NEW_RPATH "([^"]*)"', rules)) == {""}
    assert (tmp_path / "pkgconfig/heapster.pc").read_text(encoding="utf-8").startswith("prefix=/usr\n")
