"""The files of bindings/ have an order: by the headers that they include and by the functions that they use.

common/ uses neither python/ nor lua/, these two do not use each other, and no folder has a circle of files. Generated code
is left out: it lies above the files that it calls and below those that use its functions.
"""

import functools
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])
TARGETS = {"bindings": ("heapster_script", "heapster_python_hand", "heapster_lua_hand"), "core": ("heapster_objects",)}


@functools.lru_cache(maxsize=None)
def objects(part):
    """By "common/text": the symbols that a file defines for others, and those that it uses."""
    found = {}
    for target in TARGETS[part]:
        folder = BUILD / part / "CMakeFiles" / f"{target}.dir"
        for path in folder.rglob("*.c.o"):
            source = path.relative_to(folder).with_suffix("")
            if (ROOT / part / source).is_file():  # not left over from a file that is gone
                found[str(path)] = source.with_suffix("").as_posix(), set(), set()
    lines = subprocess.run(["nm", "-gPA", *found], check=True, capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        path, _, symbol = line.partition(": ")
        name, kind = symbol.split()[:2]
        if kind in "UTDBRV":
            found[path][2 if kind == "U" else 1].add(name)
    return {name: (defined, used) for name, defined, used in found.values()}


def uses():
    """By file: the files whose functions it uses."""
    found = objects("bindings")
    owners = {symbol: name for name, (defined, _) in found.items() for symbol in defined}
    return {name: {owners[each] for each in used if each in owners} for name, (_, used) in found.items()}


def includes():
    """By header: the headers of bindings/ that it includes."""
    return {
        path.relative_to(ROOT / "bindings").as_posix(): set(
            re.findall(r'^#include "((?:common|python|lua)/[^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        )
        for path in (ROOT / "bindings").glob("*/*.h")
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
    owners = {}
    for name, (defined, _) in [*objects("core").items(), *objects("bindings").items()]:
        for symbol in defined:
            assert owners.setdefault(symbol, name) == name, symbol
