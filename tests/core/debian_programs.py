"""Programs of Debian, bare and under `heapster run`: whether output and status are the same; what came of the report.

    ./dev programs      makes the table anew: tests/core/results/debian_programs.txt

A program that is not on the machine is left out. A row says `same`, or how the runs differ, and `report`, or the reason
that the command gave, in short, with what the program's file shows.
"""

import concurrent.futures
import gzip
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "debian_programs.txt"
LIMIT = 120  # seconds

FILES = {
    "text": "The quick brown fox jumps over the lazy dog.\n" * 50,
    "tabs": "\tone\ttwo\n" * 20,
    "pairs": "a b\nb c\nc d\n",
    "zeros": "\0" * 100_000,
    "sums": "2 ^ 100\nscale = 20\n1 / 7\n",
    "edits": "1,3p\nq\n",
    "data.json": '{"list": [1, 2, 3], "name": "x"}\n',
    "page.pod": "=head1 NAME\n\nname - word\n\n=cut\n",
    "page.1": ".TH PAGE 1 2000-01-01\n.SH NAME\npage \\- word\n",
    "program.c": "int add(int a, int b);\nint add(int a, int b) { return a + b; }\n",
    "program.cc": "#include <map>\nint f() { std::map<int, int> m; m[1] = 2; return m.size(); }\n",
    "broken.c": "int f( { return }\n",
    "program.lua": "local t = {} return #t\n",
    "script.tcl": "set a [list]; for {set i 0} {$i < 1000} {incr i} {lappend a $i}; puts [llength $a]\n",
    "script.cmake": 'message(STATUS "done")\n',
    "rules": "all: one two\none two:\n\t@echo $@\nfiles: a.x b.x c.x d.x\n%.x:\n\t@cp words $@\n",
    "metrics": "# HELP a_total Words.\n# TYPE a_total counter\na_total 1\n",
    "key.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a\n",
}


def fill(folder):
    """The same files for each run."""
    words = [f"word{(number * 7919) % 1000:03d} {'e' * (number % 5)}" for number in range(500)]
    contents = {**FILES, "words": "\n".join(words) + "\n", "sorted": "\n".join(sorted(words)) + "\n"}
    contents["numbers"] = "".join(f"{(number * 7919) % 10007}\n" for number in range(500))
    for name, text in contents.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (0, 0))
    with gzip.GzipFile(folder / "words.gz", "wb", mtime=0) as file:
        file.write(contents["words"].encode())
    with zipfile.ZipFile(folder / "words.zip", "w") as file:
        file.writestr(zipfile.ZipInfo("words"), contents["words"])
    with tarfile.open(folder / "archive.tar", "w") as file:
        file.addfile(tarfile.TarInfo("words"))
    subprocess.run(["gcc", "-c", "program.c"], cwd=folder, check=True)


def command_lines():
    for line in (HERE / "debian_programs.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line


def program_of(line):
    return shutil.which(shlex.split(line)[0])


def execute(line, folder, prefix=""):
    """`folder` is removed and made anew, under the same name, so that messages are the same."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    fill(folder)
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    environment.update(GIT_CONFIG_NOSYSTEM="1", GIT_PAGER="cat", XDG_CACHE_HOME=str(folder), PYTHONDONTWRITEBYTECODE="1")
    for name in "LD_PRELOAD", "HEAPSTER_REPORT_EVERY":
        environment.pop(name, None)
    command = ["sh", "-c", f"exec {prefix} {line}"]
    return subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT
    )


# What the command says beside the program's own words.
SAID = re.compile(rb"^heapster: (?:no report: )?(.*)\n", re.MULTILINE)


def without_numbers(text):
    """Process ids, addresses and times differ from run to run."""
    return re.sub(rb"0x[0-9a-f]+|\d+", b"0", text)


def difference(bare, counted, again):
    """How the counted run differs from the two bare ones; "" if it does not, or if they do not agree themselves."""
    if counted.returncode not in (bare.returncode, again.returncode):
        return f"status {counted.returncode}, bare {bare.returncode}"
    for name in "stdout", "stderr":
        texts = [getattr(bare, name), SAID.sub(b"", getattr(counted, name)), getattr(again, name)]
        if texts[0] == texts[1] or (texts[0] != texts[2] and without_numbers(texts[0]) == without_numbers(texts[1])):
            continue
        return name
    return ""


def file_shows(program):
    """What readelf and the file's mode say of it, independent of the command."""
    with open(program, "rb") as file:
        begin = file.read(200)
    if begin.startswith(b"#!"):
        interpreter = begin[2:].split()[0].decode()
        return file_shows(shutil.which("env") if interpreter.endswith("/env") else interpreter)
    if not begin.startswith(b"\x7fELF"):
        return "no ELF file"
    headers = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True).stdout
    if "INTERP" not in headers:
        return "static"
    return "set-uid" if os.stat(program).st_mode & (stat.S_ISUID | stat.S_ISGID) else "dynamic"


def run_both(line, heapster, folder):
    report = folder.with_suffix(".report")
    report.unlink(missing_ok=True)
    bare, again = execute(line, folder), execute(line, folder)
    counted = execute(line, folder, f"{shlex.quote(str(heapster))} run -o {shlex.quote(str(report))} --")
    found = SAID.search(counted.stderr)
    said = found[1].decode(errors="replace") if found else ""
    said = re.sub(rf"; {re.escape(str(report))} stays empty", "", said)
    has_report = report.exists() and report.stat().st_size > 0
    return {
        "line": line,
        "status": bare.returncode,
        "difference": difference(bare, counted, again),
        "report": "report" if has_report else said or "nothing said",
        "file": file_shows(program_of(line)),
    }


def make_rows(heapster):
    lines = [line for line in command_lines() if program_of(line)]
    with tempfile.TemporaryDirectory() as parent, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        folders = [Path(parent) / f"run{number}" for number in range(len(lines))]
        yield from pool.map(run_both, lines, [heapster] * len(lines), folders)


def as_text(row):
    return f"{row['difference'] or 'same':24} {row['status']:4} {row['file']:8} {row['line']}: {row['report']}"


def write_table(rows, path):
    """Returns its first line."""
    reports = sum(row["report"] == "report" for row in rows)
    same = sum(not row["difference"] for row in rows)
    path.parent.mkdir(exist_ok=True)
    title = f"{len(rows)} programs: {same} the same as bare, {reports} with a report"
    path.write_text("\n".join([title, "", *map(as_text, rows)]) + "\n")
    return title


def main(build):
    rows = list(make_rows(Path(build).resolve() / "bin" / "heapster"))
    print(write_table(rows, RESULT))
    return any(row["difference"] for row in rows)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
