"""A program's file name with escape sequences and a newline: do they reach the terminal as they are?"""

import shutil
import subprocess

from verdict import verdict

NAMES = ["\033]0;owned\007\033[31mred", "name\nalloc_count: 99"]
# A name of a program that gives a report, and of one that gives none.
found = set()
for name in NAMES:
    for program, options in ("/bin/true", []), ("/bin/sh", ["-c", "kill -9 $$"]):
        shutil.copy(program, name)
        done = subprocess.run(["heapster", "run", "--", f"./{name}", *options], capture_output=True, text=True)
        found |= {repr(character) for character in "\033\007" if character in done.stderr}
        found |= {"a forged line" for line in done.stderr.splitlines() if line.startswith("alloc_count: 99")}
verdict(not found, f"raw: {', '.join(sorted(found))}" if found else "escaped")
