"""The files of bindings/ have an order: by the headers that they include and by the functions that they use.

common/ uses neither python/ nor lua/, these two do not use each other, and no folder has a circle of files. Generated code
is left out: it lies below the files that wrap values and above those that it calls.
"""

import functools
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent / "bindings"
OBJECTS = pathlib.Path(os.environ["HEAPSTER_BUILD"]) / "bindings" / "CMakeFiles"
FOLDERS = {"common": "heapster_script", "python": "heapster_python_hand", "lua": "heapster_lua_hand"}


def symbols(path, option):
    lines = subprocess.run(["nm", "-P", option, path], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0] for line in lines if line.split()[1] in "UTDBRV"}


@functools.lru_cache(maxsize=None)
def objects():
    """By "common/text": the symbols of a file that other files can use, and those that it uses."""
    found = {}
    for folder, target in FOLDERS.items():
        for path in sorted((OBJECTS / f"{target}.dir" / folder).glob("*.o")):
            if (ROOT / folder / path.stem).is_file():  # not left over from a file that is gone
                name = f"{folder}/{path.name.split('.')[0]}"
                found[name] = symbols(path, "-g") - symbols(path, "-u"), symbols(path, "-u")
    return found


def uses():
    """By file: the files whose functions it uses."""
    found = objects()
    owners = {symbol: name for name, (defined, _) in found.items() for symbol in defined}
    return {name: {owners[each] for each in used if each in owners} for name, (_, used) in found.items()}


def includes():
    """By header: the headers of bindings/ that it includes."""
    return {
        path.relative_to(ROOT).as_posix(): set(
            re.findall(r'^#include "((?:common|python|lua)/[^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        )
        for path in ROOT.glob("*/*.h")
    }


def circle(graph):
    """The nodes that are in a circle, or lead to one; none if the graph has an order."""
    rest = {node: {other for other in others if other != node} for node, others in graph.items()}
    while True:
        ends = {node for node, others in rest.items() if not others & rest.keys()}
        if not ends:
            return sorted(rest)
        rest = {node: others for node, others in rest.items() if node not in ends}


def test_a_circle_is_found_and_an_order_is_none():
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circle({"a": {"b"}, "b": {"a"}, "c": set()}) == ["a", "b"]
    assert circle({"a": {"a"}}) == []


@pytest.mark.parametrize("graph", [uses, includes])
def test_no_file_uses_one_that_uses_it(graph):
    found = graph()
    assert len(found) > 20
    assert circle(found) == []


@pytest.mark.parametrize("graph", [uses, includes])
def test_folders_use_themselves_and_common(graph):
    for name, others in graph().items():
        assert {other.split("/")[0] for other in others} <= {name.split("/")[0], "common"}, name


def test_no_name_is_defined_twice_not_even_in_the_core():
    core = sorted((OBJECTS.parents[1] / "core" / "CMakeFiles" / "heapster_objects.dir").glob("**/*.o"))
    assert core
    owners = {symbol: str(path) for path in core for symbol in symbols(path, "-g") - symbols(path, "-u")}
    for name, (defined, _) in objects().items():
        for symbol in defined:
            assert owners.setdefault(symbol, name) == name, symbol
