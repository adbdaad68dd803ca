"""The rock: built from the sources by LuaRocks, without a network, into a tree, and required from there."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])
SOURCES = ("CMakeLists.txt", "LICENSE", "README.md", "core", "bindings", "lua")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("LUA_", "LUAROCKS", "LD_PRELOAD", "HEAPSTER_"))}


def done(*words, **options):
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def copied(name, folder):
    source, target = ROOT / name, folder / name
    shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """What LuaRocks installed. No server is known to it, so nothing can be fetched."""
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        copied(name, folder)
    (folder / "config.lua").write_text('rocks_servers = {}\nlua_version = "5.4"\nlua_interpreter = "lua5.4"\n', encoding="ascii")
    environment = {**CLEAN, "LUAROCKS_CONFIG": str(folder / "config.lua"), "HOME": str(folder)}
    done("luarocks", "--lua-version", "5.4", "make", "--tree", folder / "tree", "lua/heapster-scm-1.rockspec", cwd=folder,
         env=environment)
    for name in ("build.luarocks", "core", "bindings"):  # the rock needs nothing of where it was built
        shutil.rmtree(folder / name)
    return folder / "tree"


def lua(tree, script, *before):
    environment = {**CLEAN, "LUA_CPATH": f"{tree}/lib/lua/5.4/?.so"}
    return done(*before, "lua5.4", "-e", script, env=environment).strip()


def test_the_rock_has_the_module_and_the_core_and_no_link(tree):
    installed = {path.name: path for path in (tree / "lib/lua/5.4").iterdir()}
    assert set(installed) == {"heapster.so", "libheapster.so.0"}
    assert not any(path.is_symlink() for path in installed.values())


def test_the_installed_module_counts(tree):
    found = lua(tree, """
        local heapster = require "heapster"
        local _, diff = heapster.measure(function() return {} end)
        print(heapster.status().lua_way, diff.alloc_count, diff.lua_kinds.tables.count, heapster.version)""")
    assert found == f"require\t1\t1\t{version()}"


def version():
    return re.search(r"project\(heapster VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]


def test_the_module_loads_the_core_beside_it(tree):
    maps = lua(tree, 'require "heapster" io.write(io.open("/proc/self/maps"):read("a"))')
    assert {line.split()[-1] for line in maps.splitlines() if "libheapster" in line} == {f"{tree}/lib/lua/5.4/libheapster.so.0"}


def test_under_the_command_both_share_one_core(tree):
    script = """
        local heapster = require "heapster"
        print(heapster.status().malloc_way, heapster.stats("lua").alloc_count > 0)"""
    assert lua(tree, script, BUILD / "bin/heapster", "run", "-o", os.devnull, "--") == "preload\ttrue"
