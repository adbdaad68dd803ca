"""The session in README.md: what the console prints where it is fed what was typed there.

session.py ENGINE prints where the two differ, with status 1; session.py --record ENGINE writes the README anew.
"""

import difflib
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
README = HERE / "README.md"
BLOCK = re.compile(r"(?<=<!-- session -->\n```\n).*?(?=```\n<!-- end of session -->)", re.DOTALL)


def shown():
    return BLOCK.search(README.read_text(encoding="utf-8"))[0]


def typed(session):
    """The lines behind a prompt."""
    return "".join(f"{line}\n" for line in re.findall(r"^>>? (.*)$", session, re.MULTILINE))


def played(engine, session, before=()):
    """What comes out where that session's lines come in."""
    command = [*before, str(engine), str(HERE / "scripts")]
    return subprocess.run(command, input=typed(session), stdout=subprocess.PIPE, text=True, timeout=60).stdout


def main(record, engine):
    before = shown()
    after = played(engine, before)
    if record:
        text = README.read_text(encoding="utf-8")
        README.write_text(BLOCK.sub(lambda _: after, text), encoding="utf-8")
        return 0
    sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "README.md", "engine"))
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main("--record" in sys.argv, sys.argv[-1]))
