"""How a case in Python says what it saw: `verdict(is_right, "live_change 160")` is its last line."""

import os
import subprocess
import sys
from pathlib import Path


def verdict(is_right, seen):
    print(f"{'right' if is_right else 'wrong'}: {' '.join(str(seen).split())}", flush=True)


def cannot_run(why):
    """Ends the case as "not run"."""
    print(f"not run: {why}", flush=True)
    sys.exit(0)


def answer(call, *values, **options):
    """What a call returns, or the exception that it raises."""
    try:
        return call(*values, **options)
    except Exception as error:
        return error


def virtual_environment(*packages):
    """A Python of the same version as this one, with packages of PyPI; in the working folder."""
    python = Path("venv/bin/python").absolute()
    if subprocess.run([sys.executable, "-m", "venv", "venv"], capture_output=True).returncode:
        cannot_run("needs python3-venv")
    done = subprocess.run([python, "-m", "pip", "-q", "install", *packages], capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        cannot_run("needs PyPI")
    return python


def pytest(*words, python=sys.executable, plugins=(), **variables):
    """Runs pytest with heapster's plugin and the named ones over the working folder; everything it printed."""
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_heapster"]
    for plugin in plugins:
        command += ["-p", plugin]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run([*command, *words], env=environment, capture_output=True, text=True)
    print(done.stdout, done.stderr, sep="")
    return done.stdout + done.stderr


def last_line(text):
    """pytest's summary, without its time."""
    return text.strip().splitlines()[-1].strip("= ").split(" in ")[0]
