"""The programs of the soak: what each needs, how it is started, over which allocators."""

import dataclasses
import os
import pathlib
import shutil

HERE = pathlib.Path(__file__).resolve().parent
CPYTHON = ["test_tracemalloc", "test_capi", "test_gc", "test_threading", "test_subprocess", "test_mmap", "test_ctypes"]
GLIBC_SOURCE = pathlib.Path("/usr/src/glibc")
DEBIAN_PYTHON = pathlib.Path("/usr/bin/python3").resolve().name  # python3.11
CPYTHON_TESTS = pathlib.Path("/usr/lib", DEBIAN_PYTHON, "test")
EVERY = ("glibc", "jemalloc", "mimalloc")


@dataclasses.dataclass(frozen=True)
class Program:
    """A script of programs/, run in an empty folder; its output and its status are compared."""

    name: str
    words: tuple
    what: str
    commands: tuple = ()
    files: tuple = ()  # (path, where it comes from) each
    allocators: tuple = ("glibc",)
    is_short: bool = False

    def missing(self):
        """Why it cannot run here, or None."""
        for command in self.commands:
            if shutil.which(command) is None:
                return f"{command} is not installed"
        for path, source in self.files:
            if not pathlib.Path(path).exists():
                return f"{source} is not there"
        return None

    def command(self):
        return ["sh", str(HERE / "programs" / self.words[0]), *self.words[1:]]


def script(name, what, commands, **others):
    return Program(name, (f"{name}.sh",), what, tuple(commands), **others)


def cpython(module):
    file = CPYTHON_TESTS / module if (CPYTHON_TESTS / module).is_dir() else CPYTHON_TESTS / f"{module}.py"
    return Program(f"cpython {module}", ("cpython.sh", module), DEBIAN_PYTHON.replace("python", "a test module of CPython "),
                   files=((file, f"{module} (lib{DEBIAN_PYTHON}-testsuite)"),))


def lua_tests():
    return os.environ.get("LUA_TESTS", "")


PROGRAMS = [
    script("sqlite3", "a million rows written, indexed, changed, joined", ["sqlite3"], allocators=EVERY),
    script("redis", "a server under load, dumped by a fork and read back", ["redis-server", "redis-benchmark"],
           is_short=True),
    script("git", "a repository made, cloned, packed, checked, read", ["git"], allocators=EVERY, is_short=True),
    script("build", "this project by gcc and g++, the libraries byte for byte", ["gcc", "g++", "cmake", "swig"]),
    script("cxx", "g++ over the standard library; new, delete, threads, exceptions", ["g++"], allocators=EVERY,
           is_short=True),
    script("perl", "hashes, regular expressions, closures, a fork", ["perl"], allocators=EVERY, is_short=True),
    script("stress_ng", "stress-ng --malloc --fork --pthread --vfork, verified", ["stress-ng"],
           allocators=("glibc", "mimalloc")),
    script("lua_suite", "Lua's official tests", ["lua5.4"], allocators=EVERY,
           files=((pathlib.Path(lua_tests()) / "all.lua", "LUA_TESTS, the folder of Lua's tests,"),)),
    script("glibc_malloc", "glibc's own tests of malloc, as far as they build alone", ["gcc"],
           files=((GLIBC_SOURCE, "glibc-source"),)),
    *map(cpython, CPYTHON),
]
