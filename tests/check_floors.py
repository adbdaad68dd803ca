"""Checks that a file includes only files of lower floors, and that the machine has one door.

The floors are those of DESIGN.md section 4. Run without arguments on the tree this file is in, or with the
root of another. One line a breach; status 1 if there is any.

The rules:
1. A file includes files that stand before it in FLOORS, and its own header.
2. Only atomics.h includes <stdatomic.h>.
3. An operating system, C library or processor is asked for by #if in platform.[ch] and atomics.h only.
"""

import pathlib
import re
import sys

# From the ground up. A line is one step: what stands on it does not include each other, and may include all
# lines above. A name is a file's stem; a public header has the place of its stem unless it is named here
# itself. A new file gets its place here.
FLOORS = (
    # 0: the machine
    "heapster/base",
    "atomics",
    "platform error lock",
    "instance elf_object",
    "elf_slot",
    # 1: plain values, declared in public; addresses and threads
    "heapster/histogram",
    "heapster/stats",
    "heapster/limit",
    "block_map peak",
    "thread",
    "mark",
    "writer size spelling",
    "field",
    "histogram",
    "lua_kinds",
    "stats",
    "limit format",
    "json prometheus text",
    # 2: a shard
    "counters",
    "sums",
    # 3: heaps
    "heapster/allocator",
    "heapster/lua",
    "books",
    "heap",
    "snapshot live",
    "reading epoch",
    "window allocator frame reset",
    "frame_text",
    # 4: hooks
    "lua_record",
    "lua_odd",
    "malloc_hook domain_hook lua_hook",
    "attach_operators",
    "attach_functions",
    "attach_survey",
    "attach",
    "hook lua_state",
    # 5: the process
    "report report_protocol",
    "exit_report_write exit_report_every",
    "exit_report",
    "preload",
    "preload_start preload_operators",
    # 6: what is built on the core
    "heapster/heapster heapster/modules",
    "cli/* bindings/common/*",
    "bindings/python/* bindings/lua/*",
    "bindings/*",
)

FOLDERS = ("core/include/heapster", "core/src", "core/cli", "bindings")
ATOMICS = "core/src/atomics.h"
DOORS = (ATOMICS, "core/src/platform.h", "core/src/platform.c")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b(.*)", re.MULTILINE)
MACHINE = re.compile(
    r"\b(?:__linux(?:__)?|linux|__gnu_linux__|__unix(?:__)?|unix|_WIN32|_WIN64|__APPLE__|__(?:Free|Net|Open)BSD__"
    r"|__ANDROID__|__BIONIC__|__GLIBC\w*|__GNU_LIBRARY__|__UCLIBC__|__MUSL__"
    r"|__x86_64(?:__)?|__amd64(?:__)?|__i386(?:__)?|__aarch64__|__arm__|__riscv|__powerpc64__|__s390x__|__LP64__)\b"
)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)

PLACES = {name: step for step, line in enumerate(FLOORS) for name in line.split()}


def place(name):
    """The step of a file called `name` ("heapster/heap", "counters", "cli/run"), or None."""
    folder, _, stem = name.rpartition("/")
    if folder == "heapster":
        return PLACES.get(name, PLACES.get(stem))
    return PLACES.get(f"{folder}/*") if folder else PLACES.get(stem)


def name_of(path):
    """The name in FLOORS of a file of the tree, by its path relative to the root."""
    stem = path.with_suffix("")
    for folder in ("core/include", "bindings/include"):
        if path.is_relative_to(folder):
            return stem.relative_to(folder).as_posix()
    if path.is_relative_to("core/src"):
        return stem.relative_to("core/src").as_posix()
    return stem.relative_to("core").as_posix() if path.is_relative_to("core/cli") else stem.as_posix()


def name_included(path, quoted, bracketed):
    """The name in FLOORS of what a line of `path` includes; None for headers that are not
    ours, and for those of the same folder where order does not matter."""
    if bracketed:
        return bracketed.removesuffix(".h") if bracketed.startswith("heapster/") else None
    if path.parent.name == "cli" and (path.parent / quoted).is_file():
        return None
    bindings = next((folder for folder in path.parents if folder.name == "bindings"), None)
    if bindings and (bindings / quoted).is_file():
        return None if (bindings / quoted).parent == path.parent else f"bindings/{quoted.removesuffix('.h')}"
    return quoted.removesuffix(".h")


def breaches_of_order(path, relative, text):
    """Includes of `text` that do not go down."""
    name = name_of(relative)
    own = place(name)
    if own is None:
        yield f"{relative}: has no floor yet: add \"{name}\" to FLOORS in tests/check_floors.py"
        return
    for match in INCLUDE.finditer(text):
        included = name_included(path, *match.groups())
        if included is None or included in (name, f"heapster/{name}"):
            continue
        theirs = place(included)
        if theirs is None:
            yield f"{relative}: includes {match[1] or match[2]}, which has no floor: add \"{included}\" to FLOORS"
        elif theirs >= own:
            yield f"{relative}: includes {match[1] or match[2]}, which is not below it (step {theirs}, own step {own})"


def breaches_of_doors(relative, text):
    """Uses of <stdatomic.h> and of the machine's macros outside their doors."""
    if relative.as_posix() != ATOMICS and any(match[2] == "stdatomic.h" for match in INCLUDE.finditer(text)):
        yield f"{relative}: includes <stdatomic.h>; only {ATOMICS} may"
    if relative.as_posix() in DOORS:
        return
    for condition in CONDITION.finditer(text):
        for macro in MACHINE.findall(condition[1]):
            yield f"{relative}: asks for {macro}; only {', '.join(DOORS)} may"


def breaches(root):
    """Every breach under `root`, one line each, in the order of the files' names."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".c", ".h", ".i"):
                continue
            relative = path.relative_to(root)
            text = COMMENT.sub(" ", path.read_text(encoding="utf-8")).replace("\\\n", " ")
            yield from breaches_of_order(path, relative, text)
            yield from breaches_of_doors(relative, text)


def main(arguments):
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent.parent
    found = list(breaches(root))
    print("\n".join(found) if found else "every file includes only files of lower floors")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
