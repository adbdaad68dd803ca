"""Which Lua the module is for: what another Lua says that loads it, and how CMake chooses."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = re.search(r"^HEAPSTER_LUA:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text("utf-8"), re.MULTILINE)[1]
LUAS = ("lua5.1", "lua5.2", "lua5.3", "lua5.4", "lua5.5", "luajit")


def version_of(lua):
    """"Lua 5.1": LuaJIT is one, too."""
    return subprocess.run([lua, "-e", "io.write(_VERSION)"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("lua", LUAS)
def test_another_lua_says_which_one_it_is_for(lua):
    if not shutil.which(lua):
        pytest.skip(f"{lua} is not installed")
    if version_of(lua) == version_of(OWN):
        pytest.skip("it is for this one")
    script = f"package.cpath = '{BUILD}/lua/?.so' io.write(select(2, pcall(require, 'heapster')))"
    ran = subprocess.run([lua, "-e", script], capture_output=True, text=True, check=False)
    said = f"this heapster is for {version_of(OWN)}, and cannot be loaded by {version_of(lua)}"
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout in (said, f"{said} or LuaJIT")


# --- how CMake chooses ---

HEADER_4 = '#define LUA_VERSION_MAJOR\t"5"\n#define LUA_VERSION_MINOR\t"{}"\n#define LUA_VERSION_RELEASE\t"6"\n'
HEADER_5 = "#define LUA_VERSION_MAJOR_N\t5\n#define LUA_VERSION_MINOR_N\t{}\n#define LUA_VERSION_RELEASE_N\t1\n"


def install(prefix, minor, header=HEADER_4):
    """A Lua as an installation has it: a header and an interpreter that answers what its version is."""
    (prefix / "include").mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "include/lua.h").write_text(header.format(minor), "utf-8")
    program = prefix / "bin/lua"
    program.write_text(f"#!/bin/sh\nprintf 'Lua 5.{minor}'\n", "utf-8")
    program.chmod(0o755)
    return prefix


def chosen(folder, **given):
    """What lua.cmake sets, or the sentence with which it refuses."""
    script = folder / "choose.cmake"
    words = "LUA_VERSION LUA_VERSION_STRING LUA_INCLUDE_DIR HEAPSTER_LUA"
    script.write_text(
        f'cmake_minimum_required(VERSION 3.25)\ninclude("{ROOT}/bindings/lua/lua.cmake")\nforeach(each IN ITEMS {words})\n'
        'message(NOTICE "${each}=${${each}}")\nendforeach()\n', "utf-8")
    options = [f"-D{name}={value}" for name, value in given.items()]
    ran = subprocess.run(["cmake", *options, "-P", script], capture_output=True, text=True, check=False)
    found = dict(re.findall(r"^(\w+)=(.*)$", ran.stderr, re.MULTILINE))
    return found if ran.returncode == 0 else " ".join(ran.stderr.split())


def test_header_that_is_given_is_used(tmp_path):
    for minor, header, release in ((4, HEADER_4, "5.4.6"), (5, HEADER_5, "5.5.1")):
        include = install(tmp_path / release, minor, header) / "include"
        found = chosen(tmp_path, LUA_INCLUDE_DIR=include)
        assert (found["LUA_INCLUDE_DIR"], found["LUA_VERSION_STRING"]) == (str(include), release)
        assert found["LUA_VERSION"] == f"5.{minor}"
        assert found["HEAPSTER_LUA"] == str(include.parent / "bin/lua")


def test_header_that_is_given_is_refused_and_not_replaced(tmp_path):
    old = install(tmp_path / "old", 3) / "include"
    assert f"LUA_INCLUDE_DIR={old} has no lua.h of Lua 5.4 or 5.5." in chosen(tmp_path, LUA_INCLUDE_DIR=old)
    assert f"LUA_INCLUDE_DIR={tmp_path} has no lua.h of" in chosen(tmp_path, LUA_INCLUDE_DIR=tmp_path)


def test_interpreter_that_is_given_decides(tmp_path):
    for minor, header in ((4, HEADER_4), (5, HEADER_5)):
        prefix = install(tmp_path / str(minor), minor, header)
        found = chosen(tmp_path, HEAPSTER_LUA=prefix / "bin/lua")
        assert (found["LUA_VERSION"], found["LUA_INCLUDE_DIR"]) == (f"5.{minor}", str(prefix / "include"))


def test_interpreter_that_is_given_is_refused_and_not_replaced(tmp_path):
    old = install(tmp_path / "old", 1) / "bin/lua"
    assert f"HEAPSTER_LUA={old} is not Lua 5.4 or 5.5." in chosen(tmp_path, HEAPSTER_LUA=old)
    assert "HEAPSTER_LUA=/nowhere/lua is not Lua 5.4 or 5.5." in chosen(tmp_path, HEAPSTER_LUA="/nowhere/lua")


def test_interpreter_without_its_header_is_refused(tmp_path):
    lua = install(tmp_path / "new", 5, HEADER_5) / "bin/lua"
    (tmp_path / "new/include/lua.h").unlink()
    refused = chosen(tmp_path, HEAPSTER_LUA=lua, CMAKE_FIND_ROOT_PATH=tmp_path, CMAKE_FIND_ROOT_PATH_MODE_INCLUDE="ONLY")
    assert "No lua.h of Lua 5.5 is found. LUA_INCLUDE_DIR says where it is." in refused


def test_header_and_interpreter_of_two_versions_are_refused(tmp_path):
    four, five = install(tmp_path / "4", 4), install(tmp_path / "5", 5, HEADER_5)
    refused = chosen(tmp_path, LUA_INCLUDE_DIR=four / "include", HEAPSTER_LUA=five / "bin/lua")
    assert f"LUA_INCLUDE_DIR={four}/include is of Lua 5.4, HEAPSTER_LUA={five}/bin/lua of 5.5." in refused
