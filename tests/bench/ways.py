"""The ways a program's heap can be watched: what is loaded in front of it, and what of that is not to be had here."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

ALLOCATORS = {"glibc": None, "jemalloc": "libjemalloc.so.2", "mimalloc": "libmimalloc.so.2"}
PACKAGES = ("libc-devtools", "heaptrack", "libjemalloc2", "libmimalloc2.0")


@dataclasses.dataclass(frozen=True)
class Way:
    name: str
    preload: str = ""  # the library; a name without a folder is the loader's to find
    settings: tuple = ()  # of the environment, as (name, value)
    missing: str = ""  # why it cannot be used here

    def environment(self, allocator=None):
        libraries = [library for library in (self.preload, allocator) if library]
        return {**dict(self.settings), **({"LD_PRELOAD": ":".join(libraries)} if libraries else {})}


BARE = Way("bare")


def loadable(library):
    """Whether the loader finds a library by its name; ld.so only warns of one that it does not find."""
    environment = {**os.environ, "LD_PRELOAD": library}
    tried = subprocess.run(["/bin/true"], env=environment, capture_output=True, text=True, check=False)
    return "cannot be preloaded" not in tried.stderr


def built(name, library, missing):
    return Way(name, str(library.resolve())) if library.exists() else Way(name, missing=missing)


def memusage():
    if not loadable("libmemusage.so"):
        return Way("memusage", missing="no libmemusage.so (Debian's libc-devtools)")
    return Way("memusage", "libmemusage.so")


def heaptrack():
    """Its recording alone, thrown away: what it costs the program, without the command that compresses its output."""
    found = shutil.which("heaptrack")
    libraries = sorted(pathlib.Path(found).resolve().parents[1].glob("lib*/**/libheaptrack_preload.so")) if found else []
    if not libraries:
        return Way("heaptrack", missing="not on PATH (Debian's heaptrack)")
    return Way("heaptrack", str(libraries[0]), settings=(("DUMP_HEAPTRACK_OUTPUT", os.devnull),))


def peers():
    return [memusage(), heaptrack()]


def all_ways(build):
    """Bare first: the others are compared with it."""
    return [
        BARE,
        built("pass-through", build / "tests/bench/libpass_through.so", "not built"),
        built("heapster", build / "lib/libheapster_malloc.so", "not built"),
        built("heapster shared", build / "shared/lib/libheapster_malloc.so", "not built: cmake --preset shared"),
        *peers(),
    ]


def missing(build):
    return {way.name: way.missing for way in all_ways(build) if way.missing}


def allocators(wanted):
    """Those of them to be had, as {name: library}, and why the others are not."""
    usable = {name: ALLOCATORS[name] for name in wanted if not ALLOCATORS[name] or loadable(ALLOCATORS[name])}
    return usable, {name: f"no {ALLOCATORS[name]}" for name in wanted if name not in usable}
