"""heapster built for other processors, and run under qemu-user: a line each, and the table in tests/README.md.

    processors.py [NAME...]

A program of another processor is started as any other: by binfmt_misc in a user namespace of its own, so that nothing
changes for the machine. Where that cannot be had (it needs Linux 6.7 and user namespaces) only the laws run. The status
is 0 if each was tried and all that ran passed.
"""

import datetime
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "tests/README.md"
BEGIN, END = "<!-- processors: ./dev processors -->\n", "<!-- end of processors -->"

# The order of bytes, and e_machine in the head of an ELF file.
PROCESSORS = {"aarch64": ("little", 0xB7), "riscv64": ("little", 0xF3), "s390x": ("big", 0x16)}

# What a test of ctest belongs to: the first that its name begins with. Numbers are programs for laws, tests otherwise.
PARTS = {
    "link": ("law_linked",),
    "laws": ("law_",),
    "preload": ("test_preload", "test_stack"),
    "attach": ("test_attach",),
    "command": ("test_run",),
}
HEAD = ["processor", *PARTS, "left out", "qemu-user lacks", "qemu-user", "gcc", "glibc", "tried"]
LACKS = ("seccomp", "address_space", "wipe_on_fork")  # programs of emulated.c

# What a user namespace of its own runs: binfmt_misc is a file system of that namespace.
REGISTER = (
    'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf %s "$1" >/proc/sys/fs/binfmt_misc/register && '
    'shift && exec "$@"'
)


def output(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=True, **options).stdout


def emulator(name):
    """A static qemu-user, so that the loader of this machine does not look at the other's LD_PRELOAD; or None."""
    return shutil.which(f"qemu-{name}-static") or shutil.which(f"qemu-{name}")


def registration(name, program):
    """Has the kernel start programs of that processor by `program`: the same head of a file, EXEC or DYN."""
    order, machine = PROCESSORS[name]

    def field(value):
        return value.to_bytes(2, order)

    data = 1 if order == "little" else 2
    magic = b"\x7fELF" + bytes([2, data, 1]) + bytes(9) + field(2) + field(machine)
    mask = b"\xff" * 7 + bytes(9) + field(0xFFFE) + field(0xFFFF)
    escaped = ["".join(f"\\x{byte:02x}" for byte in part) for part in (magic, mask)]
    return f":heapster-{name}:M::{escaped[0]}:{escaped[1]}:{program}:FOP"


def namespace(name, program):
    """The words in front of a command that may start programs of that processor, or an empty list."""
    words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", REGISTER, "sh", registration(name, program)]
    try:
        ended = subprocess.run([*words, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return words if ended.returncode == 0 else []


class Failed(Exception):
    """A step that did not end with 0; its log."""


class Processor:
    def __init__(self, name):
        self.name, self.tree = name, ROOT / "build" / name
        self.compiler, self.sysroot = f"{name}-linux-gnu-gcc", f"/usr/{name}-linux-gnu"
        self.qemu = emulator(name)
        self.log = self.tree / "processors.log"

    def missing(self):
        """Why it is not tried."""
        if not self.qemu:
            return f"qemu-{self.name} is not installed"
        return "" if shutil.which(self.compiler) else f"{self.compiler} is not installed"

    def run(self, *words):
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(map(str, words))}\n")
            log.flush()
            environment = {**os.environ, "QEMU_LD_PREFIX": self.sysroot}
            return subprocess.run(words, stdout=log, stderr=log, env=environment, cwd=ROOT, check=False).returncode

    def build(self):
        emulated = f"-DCMAKE_CROSSCOMPILING_EMULATOR={self.qemu};-L;{self.sysroot}"
        options = [emulated, f"-DHEAPSTER_PYTHON={sys.executable}"]
        for words in (["cmake", "--preset", self.name, "-B", self.tree, *options], ["cmake", "--build", self.tree]):
            if self.run(*words) != 0:
                raise Failed("it does not build")

    def test(self):
        """What ctest found, by test; the other parts than laws only in a namespace."""
        found = self.tree / "found.xml"
        found.unlink(missing_ok=True)
        words = namespace(self.name, self.qemu)
        some = [] if words else ["-L", "^law$"]
        self.run(*words, "ctest", "--test-dir", self.tree, "-LE", "^long$", "--timeout", "900", "-j",
                 str(os.cpu_count()), "--output-on-failure", "--test-output-size-passed", "1000000", "--output-junit",
                 found, *some)  # fmt: skip
        if not found.exists():
            raise Failed("ctest found nothing")
        return ElementTree.parse(found).getroot()

    def lacks(self):
        """What a smallest program does here and not under qemu-user."""
        here, there = self.tree / "emulated.here", self.tree / "emulated"
        source = ROOT / "tests/processors/emulated.c"
        if self.run("cc", source, "-o", here) != 0 or self.run(self.compiler, source, "-o", there) != 0:
            raise Failed("emulated.c does not build")
        emulated = (self.qemu, "-L", self.sysroot, there)
        return [each for each in LACKS if self.run(here, each) == 0 and self.run(*emulated, each) != 0]

    def versions(self):
        qemu = re.search(r"version ([\d.]+)", output(self.qemu, "--version"))[1]
        text = "__GLIBC__ __GLIBC_MINOR__"
        glibc = output(self.compiler, "-xc", "-E", "-P", "-include", "features.h", "-", input=text).split()
        return [qemu, output(self.compiler, "-dumpfullversion").strip(), ".".join(glibc[-2:])]


def part_of(test):
    return next((part for part, names in PARTS.items() if test.startswith(names)), None)


def count(root):
    """Passed by part; how many were left out; the names of tests that failed."""
    passed, left_out, failed = dict.fromkeys(PARTS, 0), 0, []
    for case in root.iter("testcase"):
        name, text = case.get("name"), case.findtext("system-out") or ""
        if case.get("status") != "run":
            failed.append(name)
        tests = re.search(r"(\d+) passed", text)
        skipped = re.search(r"(\d+) skipped", text)
        is_pytest = name.startswith("test_")
        if part_of(name):
            passed[part_of(name)] += (int(tests[1]) if tests else 0) if is_pytest else case.get("status") == "run"
        left_out += int(skipped[1]) if is_pytest and skipped else 0
    return passed, left_out, failed


def line(cells):
    return f"| {' | '.join(cells)} |\n"


def with_rows(text, rows):
    """The text, with these rows in its table in place of those of the same processors."""
    before, found, rest = text.partition(BEGIN)
    table, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"there is no {BEGIN.strip()} with {END} behind it")
    old = [[cell.strip() for cell in each.strip("|").split("|")] for each in table.splitlines()[2:]]
    merged = {each[0]: each for each in [*old, *rows]}
    body = "".join(line(merged[name]) for name in PROCESSORS if name in merged)
    return before + BEGIN + line(HEAD) + "|---" * len(HEAD) + "|\n" + body + END + after


def check(processor):
    """The words of its line, its row or None, and whether it is well."""
    why = processor.missing()
    if why:
        return f"not tried: {why}", None, False
    processor.tree.mkdir(parents=True, exist_ok=True)
    processor.log.unlink(missing_ok=True)
    try:
        processor.build()
        passed, left_out, failed = count(processor.test())
        lacks = processor.lacks()
    except Failed as failure:
        return f"fails: {failure}; the log is {processor.log}", None, False
    numbers = ", ".join(f"{number} {part}" for part, number in passed.items())
    words = f"{numbers}, {left_out} left out"
    if failed or not passed["laws"]:
        return f"fails: {' '.join(failed) or 'no laws'} ({words}); the log is {processor.log}", None, False
    if not all(passed.values()):
        return f"passes: {words}; without binfmt_misc in a user namespace (Linux 6.7) no more than laws", None, True
    row = [processor.name, *(str(passed[part]) for part in PARTS), str(left_out), ", ".join(lacks) or "nothing",
           *processor.versions(), datetime.date.today().isoformat()]  # fmt: skip
    return f"passes: {words}", row, True


def main(names):
    for name in names:
        if name not in PROCESSORS:
            print(f"processors: there is no {name!r}; there are {', '.join(PROCESSORS)}", file=sys.stderr)
            return 2
    rows, is_well = [], True
    for name in names:
        start = time.monotonic()
        words, row, passes = check(Processor(name))
        print(f"{name}: {words} ({time.monotonic() - start:.0f} s)", flush=True)
        is_well = is_well and passes
        if row:
            rows.append(row)
    if rows:
        README.write_text(with_rows(README.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PROCESSORS)))
