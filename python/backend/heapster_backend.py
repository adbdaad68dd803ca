"""The build backend for pip: scikit-build-core, and the newest SWIG from PyPI unless PATH has one that is new enough."""

import re
import shutil
import subprocess

from scikit_build_core.build import *  # noqa: F403
from scikit_build_core import build

OLDEST = (4, 1)
SWIG = "swig>=%d.%d" % OLDEST


def _is_usable(program):
    output = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"SWIG Version (\d+)\.(\d+)", output)
    return bool(version) and (int(version[1]), int(version[2])) >= OLDEST


def _swig():
    program = shutil.which("swig")
    return [] if program and _is_usable(program) else [SWIG]


def get_requires_for_build_wheel(config_settings=None):
    return build.get_requires_for_build_wheel(config_settings) + _swig()


def get_requires_for_build_editable(config_settings=None):
    return build.get_requires_for_build_editable(config_settings) + _swig()
