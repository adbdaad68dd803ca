"""What a frame mark costs from Lua, for ./dev bench frame_mark: runs frame_mark.lua over the build tree, and names the machine."""

import argparse
import os
import pathlib
import subprocess
import sys

from churn import machine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the build tree")
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args()
    build = options.build.resolve()
    script = pathlib.Path(__file__).with_suffix(".lua")
    paths = f"{build}/lua/?.so;{build}/tests/bench/?.so"
    environment = {**os.environ, "LUA_CPATH": paths, "HEAPSTER_HOOKS": "lua"}
    run = subprocess.run(["lua5.4", script, str(options.rounds)], env=environment, capture_output=True, text=True, check=True)
    first, rest = run.stdout.split("\n", 1)
    print(f"# ./dev bench frame_mark: --rounds {options.rounds}\n# {machine()}\n{rest}", end="")
    return 0 if first.startswith("#") else 1


if __name__ == "__main__":
    sys.exit(main())
