"""What the section "Where does it come from" of python/README.md shows, played: a session, and pytest over a test
there.

readme_session.py --record writes the README anew; PYTHONPATH is that of the built package.
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

README = pathlib.Path(__file__).parents[2] / "python" / "README.md"
RECORDED_WITH = (3, 11)  # other versions make other objects

SESSION = re.compile(r"(?<=<!-- session -->\n```\n).*?(?=```\n<!-- end of session -->)", re.DOTALL)
TEST = re.compile(r"(?<=<!-- test_rows.py -->\n```py\n).*?(?=```\n<!-- end of test_rows.py -->)", re.DOTALL)
FAILURE = re.compile(r"(?<=<!-- pytest test_rows.py -->\n```\n).*?(?=```\n<!-- end of pytest -->)", re.DOTALL)


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


def run_pytest(test):
    """What it prints of the failure."""
    dropped = ("LD_PRELOAD", "PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_CURRENT_TEST")
    environment = {**{name: value for name, value in os.environ.items() if name not in dropped}, "COLUMNS": "80"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "test_rows.py").write_text(test, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "pytest_heapster", "test_rows.py"]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    found = re.search(r"^_{9,} test_rows _+\n.*?^\d+ of \d+ explained.*?\n", done.stdout, re.MULTILINE | re.DOTALL)
    return found[0] if found else done.stdout


def shown(block):
    return block.search(README.read_text(encoding="utf-8"))[0]


def record():
    text = README.read_text(encoding="utf-8")
    session, failure = play(shown(SESSION)), run_pytest(shown(TEST))
    text = SESSION.sub(lambda _: session, text)
    README.write_text(FAILURE.sub(lambda _: failure, text), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--play"]:
        print(play_here(sys.stdin.read()), end="")
    elif sys.argv[1:] == ["--record"]:
        record()
    else:
        sys.exit(__doc__)
