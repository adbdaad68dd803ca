"""Packages of PyPI that benches compare heapster with, in one virtual environment below the build tree."""

import pathlib
import subprocess
import sys

import interleaved


def failure(*command):
    """Why a command failed, in its last words; nothing where it did not."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return ((done.stderr.strip() or done.stdout.strip()).splitlines() or ["no word"])[-1]


def environment(build):
    """The interpreter that runs this, with pip, in a folder of its own; or what failed."""
    venv = build / "bench-packages"
    python = venv / "bin/python"
    if (venv / "bin/pip").exists() and python.resolve() == pathlib.Path(sys.executable).resolve():
        return python, ""
    why = failure(sys.executable, "-m", "venv", "--clear", venv)
    return python, f"no virtual environment (Debian's python3-venv): {why}" if why else ""


def installed(options, *packages):
    """An interpreter that has those of the packages that can be had, and {package: why it cannot}."""
    if options.quick:
        return sys.executable, dict.fromkeys(packages, "left out by --quick")
    python, why = environment(options.build)
    if why:
        return sys.executable, dict.fromkeys(packages, why)
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    failures = {package: failure(*pip, package) for package in packages}
    return str(python), {package: why for package, why in failures.items() if why}


def version(python, package):
    """NAME VERSION; nothing where it is not installed."""
    code = "import importlib.metadata, sys; print(sys.argv[1], importlib.metadata.version(sys.argv[1]))"
    return interleaved.first_line(python, "-c", code, package)
