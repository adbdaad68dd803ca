"""./dev demo and ./dev test in bare roots of Debian: a line each, and the table in tests/README.md.

    releases.py [SUITE...]

Needs root. Downloaded packages are kept in ~/.cache/heapster/debian, and nothing else. What is not committed is not
tried. The status is 0 if all passed.
"""

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("bookworm", "trixie", "forky")
NOT_TRIED = 77
BEGIN, END = "<!-- releases: ./dev releases -->\n", "<!-- end of releases -->"
PROGRAMS = ("glibc", "gcc", "CMake", "cmocka", "SWIG", "Lua", "CPython")
HEAD = ["release", "tests", "skipped", *PROGRAMS, "tried"]


def cache():
    """Of downloaded packages."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heapster" / "debian"


def run(suite, logs):
    """The status of bare_root.sh, and its last line."""
    command = [ROOT / "tests/releases/bare_root.sh", suite, ROOT, logs, cache() / suite]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    return ended.returncode, (ended.stdout.splitlines() or [f"{suite}: no word, status {ended.returncode}"])[-1]


def row(suite, logs, day):
    """What the logs of a release that passed say, as the table has it."""
    text = (logs / "test.log").read_text(encoding="utf-8", errors="replace")
    tests = re.search(r"tests failed out of (\d+)", text)[1]
    skipped = len(re.findall(r"^dev: skipped: ", text, re.MULTILINE))
    versions = dict(line.split(" ", 1) for line in (logs / "versions").read_text(encoding="utf-8").splitlines())
    return [suite, tests, str(skipped), *(versions[name] for name in PROGRAMS), day]


def line(cells):
    return f"| {' | '.join(cells)} |\n"


def with_rows(text, rows):
    """The text, with these rows in its table in place of those of the same releases."""
    before, found, rest = text.partition(BEGIN)
    table, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"there is no {BEGIN.strip()} with {END} behind it")
    old = [[cell.strip() for cell in each.strip("|").split("|")] for each in table.splitlines()[2:]]
    merged = {each[0]: each for each in [*old, *rows]}
    ordered = sorted(merged.values(), key=lambda each: (SUITES.index(each[0]) if each[0] in SUITES else 99, each[0]))
    body = "".join(map(line, ordered))
    return before + BEGIN + line(HEAD) + "|---" * len(HEAD) + "|\n" + body + END + after


def main(suites):
    for suite in suites:
        if not re.fullmatch("[a-z]+", suite):
            print(f"releases: {suite!r} is no release of Debian, as {', '.join(SUITES)} are", file=sys.stderr)
            return 2
    if subprocess.run(["git", "-C", ROOT, "status", "--porcelain"], capture_output=True, text=True).stdout:
        print("releases: what is not committed is not tried", file=sys.stderr)
    rows, statuses = [], []
    for suite in suites:
        logs = ROOT / "build/releases" / suite
        status, words = run(suite, logs)
        print(words, flush=True)
        if status not in (0, NOT_TRIED):
            print(f"releases: the logs are in {logs}", file=sys.stderr)
        if status == 0:
            rows.append(row(suite, logs, datetime.date.today().isoformat()))
        statuses.append(status)
    if rows:
        readme = ROOT / "tests/README.md"
        readme.write_text(with_rows(readme.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return 1 if any(statuses) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or SUITES))
