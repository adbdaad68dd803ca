"""Find the `heapster` command; the script that pip installs for it."""

import os
import pathlib
import shutil
import sys
from typing import List, NoReturn, Optional

import heapster


def _places() -> List[pathlib.Path]:
    """Return where the command lies: in the installed package; in the build tree. An editable installation has two folders,
    the second with what was compiled."""
    packages = [pathlib.Path(folder) for folder in heapster.__path__]
    return [folder / "bin" / "heapster" for folder in (*packages, packages[0].parents[1])]


def _is_program(path: str) -> bool:
    """Return whether it is a binary: pip's script of that name would only come back here."""
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def _on_path() -> Optional[str]:
    for folder in os.get_exec_path():
        found = shutil.which("heapster", path=folder)
        if found and _is_program(found):
            return found
    return None


def find() -> Optional[str]:
    """Return the path of the command, or None: inside the package, in the build tree, on PATH."""
    for place in _places():
        if os.access(place, os.X_OK):
            return str(place)
    return _on_path()


def become(arguments: List[str]) -> NoReturn:
    """Replace this process by the command. If there is none, say so and end with 127, as a shell does."""
    path = find()
    if path is None:
        print(f"heapster: the command is neither in {_places()[0].parent} nor on PATH", file=sys.stderr)
        raise SystemExit(127)
    os.execv(path, ["heapster", *arguments])


def main(arguments: Optional[List[str]] = None) -> NoReturn:
    become(sys.argv[1:] if arguments is None else arguments)
