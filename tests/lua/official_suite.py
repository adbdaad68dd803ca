"""Lua's own test suite with heapster required at the start, against the same without: the same answers, the same end.

    python3 official_suite.py FOLDER [LUA]     FOLDER is lua-5.x.y-tests of https://www.lua.org/tests; or HEAPSTER_LUA_SUITE

It is in no Debian package, hence the folder. Two passes: as the suite calls it for users (`_U=true`), and with its long and
memory-consuming parts (`_port=true`; what is left out needs libraries built for it, and no root). Run in a copy of FOLDER.
Ends with 77 where there is no suite, with 1 where heapster made a difference.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PASSES = {"user": "_U=true", "whole": "_port=true"}

# Held by the registry until the state is closed: then it says how much was counted.
REQUIRE = """
local heapster, print = require "heapster", print
assert(heapster.status().lua_way == "require")
debug.getregistry().suite = setmetatable({}, {__gc = function()
  local stats = heapster.stats("lua")
  print(("\\nheapster counted %d requests, %d resizes, %d frees"):format(
    stats.alloc_count, stats.realloc_growth_count + stats.realloc_shrink_count, stats.dealloc_count))
end})
"""

# What differs from run to run anyway: times, seeds, memory, addresses, and the dots that long loops and finalizers print.
OTHER = re.compile(r"^(time: |random seeds|total time|\s*---- total memory|heapster counted|Lua warning: #time |.*Time \(msec\)|.*msec|.*seconds)")
CHANGING = re.compile(r"0[xX][0-9a-fA-F]+(:[0-9a-fA-F]+)?|\.+|\d+(\.\d+)?")


def answers(output):
    lines = (line for line in output.splitlines() if not OTHER.match(line))
    return [line for line in (CHANGING.sub("", line).strip() for line in lines) if line]


def run(lua, suite, mode, hooks):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUA_")}
    if hooks:
        environment["LUA_CPATH"] = f"{os.environ['HEAPSTER_BUILD']}/lua/?.so;;"
    command = [lua, "-e", PASSES[mode], *(["-e", REQUIRE] if hooks else []), "all.lua"]
    return subprocess.run(command, cwd=suite, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=3000, errors="replace", text=True)


def differences(bare, ours):
    if bare.returncode != ours.returncode:
        return [f"ended with {ours.returncode} instead of {bare.returncode}", *ours.stdout.splitlines()[-15:]]
    one, other = answers(bare.stdout), answers(ours.stdout)
    return [f"{a!r} instead of {b!r}" for a, b in zip(other, one) if a != b] + (
        [f"{len(other)} lines instead of {len(one)}"] if len(one) != len(other) else [])


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEAPSTER_LUA_SUITE", ""))
    lua = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("HEAPSTER_LUA", "lua5.4")
    if not (folder / "all.lua").is_file():
        print("no suite: give the folder of lua-5.x.y-tests, which has all.lua")
        return 77
    failed = False
    for mode in PASSES:
        with tempfile.TemporaryDirectory() as scratch:
            suite = pathlib.Path(shutil.copytree(folder, f"{scratch}/suite"))
            bare, ours = run(lua, suite, mode, False), run(lua, suite, mode, True)
        found = differences(bare, ours)
        counted = re.findall("heapster counted (.*)", ours.stdout)
        print(f"{mode}: {'differs' if found else 'the same'}, status {ours.returncode}, "
              f"{'final OK' if 'final OK !!!' in ours.stdout else 'no final OK'}; {', '.join(counted) or 'not counted'}")
        print("".join(f"  {line}\n" for line in found), end="")
        failed = failed or bool(found) or not counted
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
