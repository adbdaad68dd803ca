"""What a case needs of the machine: "root", "program NAME", "library FILE", "header FILE"."""

import os
import shutil
import subprocess


def missing(need):
    """Words for a need that is not met, else None."""
    kind, _, what = need.partition(" ")
    return None if CHECKS[kind](what) else f"needs {what or kind}"


def is_root(_):
    return os.geteuid() == 0


def has_library(file):
    """Whether it can be preloaded."""
    done = subprocess.run(["true"], env={**os.environ, "LD_PRELOAD": file}, capture_output=True, text=True)
    return not done.stderr


def has_header(file):
    command = [os.environ.get("CC", "gcc"), "-E", "-xc", "-", "-I/usr/include/lua5.4"]
    return subprocess.run(command, input=f"#include <{file}>\n", text=True, capture_output=True).returncode == 0


CHECKS = {"root": is_root, "program": shutil.which, "library": has_library, "header": has_header}
