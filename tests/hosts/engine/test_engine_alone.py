"""The engine's folder, copied elsewhere, builds with its own CMakeLists.txt against an installed heapster, and plays."""

import os
import pathlib
import re
import shutil
import subprocess

BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])
ENGINE = pathlib.Path(__file__).resolve().parent


def done(*words, **options):
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def cached(name):
    return re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text("utf-8"), re.MULTILINE)[1]


def test_copied_folder_builds_against_the_installed_package_and_plays(tmp_path):
    prefix, copy, built = tmp_path / "prefix", tmp_path / "mine", tmp_path / "built"
    done("cmake", "--install", BUILD, "--prefix", prefix)
    shutil.copytree(ENGINE, copy)
    lua = [f"-DLUA_INCLUDE_DIR={cached('LUA_INCLUDE_DIR')}", f"-DLUA_LIBRARIES={cached('HEAPSTER_LUA_LIBRARY')}"]
    done("cmake", "-S", copy, "-B", built, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", *lua)
    done("cmake", "--build", built)
    shutil.rmtree(prefix)  # the core is linked in
    played = done(built / "engine", copy / "scripts", input="= heapster.heap().name\n")
    assert "scripts" in played and "10000 frames, 52 entities" in played


def test_installed_package_says_which_lua_its_module_is_for(tmp_path):
    prefix = tmp_path / "prefix"
    done("cmake", "--install", BUILD, "--prefix", prefix)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(says LANGUAGES C)\nfind_package(heapster REQUIRED)\n"
        'message(NOTICE "for ${heapster_LUA_VERSION}")\n', "utf-8")
    said = subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "built", f"-DCMAKE_PREFIX_PATH={prefix}"],
                          capture_output=True, text=True, check=True).stderr
    [module] = prefix.glob("lib/lua/5.*/heapster.so")
    assert said.split() == ["for", module.parent.name]
