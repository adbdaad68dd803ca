"""Checks that code uses only code of its own floor or of lower ones, and that the machine has one door.

Run without arguments on the tree this file is in, or with the root of another. Prints one line per breach; the status is 1
if there is any.

The rules:
1. A file includes headers of its own folder, of folders that come earlier in FLOORS, and public headers.
2. It uses functions that are defined there, whichever header declares them.
3. A public header includes public headers only.
4. Only atomics.h includes <stdatomic.h>.
5. Only platform.[ch] and atomics.h ask by #if for an operating system, a C library or a processor.
"""

import os
import pathlib
import re
import sys

# From the ground up. Folders of one line do not use each other.
FLOORS = (
    ("core/src/base",),
    ("core/src/value",),
    ("core/src/count",),
    ("core/src/heap",),
    ("core/src/explain",),
    ("core/src/hooks",),
    ("core/src/process",),
    ("core/cli", "bindings/common"),
    ("bindings/python", "bindings/lua"),
    ("bindings",),
)
PUBLIC = ("core/include", "bindings/include")
SEARCHED = ("core/src", "bindings")  # where the compiler looks for a quoted header that is not in the folder itself
ATOMICS = "core/src/base/atomics.h"
DOORS = (ATOMICS, "core/src/base/platform.h", "core/src/base/platform.c")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b(.*)", re.MULTILINE)
DEFINITION = re.compile(r"^[A-Za-z_][^;{}#=]*?\b(heapster_\w+)\((?!\*)[^;{}]*\)\s*\{", re.MULTILINE)
NAME = re.compile(r"(?<!struct )(?<!enum )(?<!union )\bheapster_\w+")
MACHINE = re.compile(
    r"\b(?:__linux(?:__)?|linux|__gnu_linux__|__unix(?:__)?|unix|_WIN32|_WIN64|__APPLE__|__(?:Free|Net|Open)BSD__"
    r"|__ANDROID__|__BIONIC__|__GLIBC\w*|__GNU_LIBRARY__|__UCLIBC__|__MUSL__"
    r"|__x86_64(?:__)?|__amd64(?:__)?|__i386(?:__)?|__aarch64__|__arm__|__riscv|__powerpc64__|__s390x__|__LP64__)\b"
)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def floor_of(path):
    """The step and the folder in FLOORS of a path relative to the root; None for a file outside all of them."""
    return next(((step, folder) for step, folders in enumerate(FLOORS) for folder in folders if path.is_relative_to(folder)),
                None)  # fmt: skip


def is_public(path):
    return any(path.is_relative_to(folder) for folder in PUBLIC)


def find_included(root, path, quoted):
    """The path relative to the root of a header that `path` includes in quotes, or None where there is no such file."""
    folders = [path.parent, *map(pathlib.Path, SEARCHED)]
    candidates = [pathlib.Path(os.path.normpath(folder / quoted)) for folder in folders]
    return next((candidate for candidate in candidates if (root / candidate).is_file()), None)


def is_allowed(own, other):
    """Whether code of the floor `own` may use code of the floor `other`."""
    return other[0] < own[0] or other == own


def check_includes(root, path, text):
    for match in INCLUDE.finditer(text):
        quoted = match[1]
        if not quoted:
            continue
        if is_public(path):
            yield f"{path}: includes {quoted}, which is not public"
            continue
        included = find_included(root, path, quoted)
        if not included or not floor_of(included):
            yield f"{path}: includes {quoted}, which is in no folder of FLOORS"
        elif not is_allowed(floor_of(path), floor_of(included)):
            yield f"{path}: includes {quoted}, which is not below {floor_of(path)[1]}"


def check_uses(path, text, defined):
    for name in sorted(set(NAME.findall(text)) & defined.keys()):
        if not is_allowed(floor_of(path), floor_of(defined[name])):
            yield f"{path}: uses {name} of {defined[name]}, which is not below {floor_of(path)[1]}"


def check_doors(path, text):
    if path.as_posix() != ATOMICS and any(match[2] == "stdatomic.h" for match in INCLUDE.finditer(text)):
        yield f"{path}: includes <stdatomic.h>; only {ATOMICS} may"
    if path.as_posix() in DOORS:
        return
    for condition in CONDITION.finditer(text):
        for macro in MACHINE.findall(condition[1]):
            yield f"{path}: asks for {macro}; only {', '.join(DOORS)} may"


def read_sources(root):
    """The text of every source file without comments, by its path relative to the root."""
    sources = {}
    for folder in (*PUBLIC, "core/src", "core/cli", "bindings"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".i"):
                text = COMMENT.sub(" ", path.read_text(encoding="utf-8")).replace("\\\n", " ")
                sources[path.relative_to(root)] = text
    return sources


def find_breaches(root):
    """Every breach under `root`, one line each."""
    sources = read_sources(root)
    defined = {
        match[1]: path for path, text in sources.items() if floor_of(path) for match in DEFINITION.finditer(text)
    }
    for path, text in sources.items():
        yield from check_doors(path, text)
        if is_public(path):
            yield from check_includes(root, path, text)
        elif floor_of(path):
            yield from check_includes(root, path, text)
            yield from check_uses(path, text, defined)
        else:
            yield f"{path}: is in no folder of FLOORS in tests/check_floors.py"


def main(arguments):
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent.parent
    found = list(find_breaches(root))
    print("\n".join(found) if found else "every file uses only its own floor and lower ones")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
