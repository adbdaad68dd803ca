"""What the READMEs show of a session and of pytest, played: "Where does it come from" of python/README.md, and the
first hour of python/pytest_heapster/README.md.

readme_session.py --record writes them anew; PYTHONPATH is that of the built package.
"""

import code
import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PYTHON = pathlib.Path(__file__).parents[2] / "python"
README, PLUGIN_README = PYTHON / "README.md", PYTHON / "pytest_heapster" / "README.md"
RECORDED_WITH = (3, 11)  # other versions make other objects
COPY = ("line.split()", "list(line.split())")  # what somebody changes after the first baseline


class Block:
    """A fenced part of a README, between two comments."""

    def __init__(self, path, begin, end, language=""):
        self.path = path
        self.pattern = re.compile(rf"(?<=<!-- {begin} -->\n```{language}\n).*?(?=```\n<!-- end of {end} -->)", re.DOTALL)

    def read(self):
        return self.pattern.search(self.path.read_text(encoding="utf-8"))[0]

    def write(self, text):
        whole = self.path.read_text(encoding="utf-8")
        self.path.write_text(self.pattern.sub(lambda _: text, whole), encoding="utf-8")


def play_here(session):
    """What is typed, and what comes out."""
    console, printed, more = code.InteractiveConsole(filename="<stdin>"), io.StringIO(), False
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        for line in re.findall(r"^(?:>>>|\.\.\.)(?: (.*))?$", session, re.MULTILINE):
            print(f"{'...' if more else '>>>'} {line}".rstrip())
            more = console.push(line)
    return printed.getvalue()


def play(session):
    """The same in a process of its own, where nothing else has been imported."""
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run([sys.executable, __file__, "--play"], input=session, env=clean, stdout=subprocess.PIPE,
                          text=True, check=True)  # fmt: skip
    return done.stdout


def run_pytest(folder, name, *options):
    """What it prints of the failure of a test in a file of that name, up to the next line of a whole width."""
    dropped = ("LD_PRELOAD", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "GITHUB_ACTIONS")
    environment = {**{name: value for name, value in os.environ.items() if name not in dropped}, "COLUMNS": "80"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "pytest_heapster", *options, name]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout
    found = re.search(r"^_{9,} test_\w+ _+\n(?:(?!={9,}).*\n)*", done.stdout, re.MULTILINE)
    return found[0] if found else done.stdout  # which has no failure, as after an update


def fail_limit(test):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "test_rows.py").write_text(test, encoding="utf-8")
        return re.sub(r"(?<= explained\n)(?s:.*)", "", run_pytest(folder, "test_rows.py"))


def make_baseline(folder, test):
    pathlib.Path(folder, "pytest.ini").write_text("[pytest]\nheap_all = true\n", encoding="utf-8")
    pathlib.Path(folder, "test_page.py").write_text(test, encoding="utf-8")
    run_pytest(folder, "test_page.py", "--heap-baseline=update")


def make_entry(test):
    with tempfile.TemporaryDirectory() as folder:
        make_baseline(folder, test)
        lines = pathlib.Path(folder, "heapster-baseline.json").read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join(line for line in lines if "test_page.py" in line)


def fail_baseline(test):
    with tempfile.TemporaryDirectory() as folder:
        make_baseline(folder, test)
        pathlib.Path(folder, "test_page.py").write_text(test.replace(*COPY), encoding="utf-8")
        return run_pytest(folder, "test_page.py")


SESSION = Block(README, "session", "session")
TEST = Block(PLUGIN_README, "test_page.py", "test_page.py", "py")

# What is shown, what plays it, and the words that it plays.
RECORDED = {
    "session": (SESSION, play, SESSION),
    "limit": (Block(README, "pytest test_rows.py", "pytest"), fail_limit, Block(README, "test_rows.py", "test_rows.py", "py")),
    "entry": (Block(PLUGIN_README, "heapster-baseline.json", "heapster-baseline.json", "json"), make_entry, TEST),
    "baseline": (Block(PLUGIN_README, "pytest test_page.py", "pytest"), fail_baseline, TEST),
}


if __name__ == "__main__":
    if sys.argv[1:] == ["--play"]:
        print(play_here(sys.stdin.read()), end="")
    elif sys.argv[1:] == ["--record"]:
        played = [(shown, plays(source.read())) for shown, plays, source in RECORDED.values()]
        for shown, text in played:
            shown.write(text)
    else:
        sys.exit(__doc__)
