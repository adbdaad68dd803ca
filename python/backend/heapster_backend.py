"""What pip builds heapster with: scikit-build-core, and SWIG from PyPI where none is on PATH."""

import shutil

from scikit_build_core.build import *  # noqa: F403
from scikit_build_core import build

# 4.4 and 4.5 crashed on CPython 3.12.1 when the interpreter was started again.
SWIG = "swig>=4.1,<4.4"


def _swig():
    return [] if shutil.which("swig") else [SWIG]


def get_requires_for_build_wheel(config_settings=None):
    return build.get_requires_for_build_wheel(config_settings) + _swig()


def get_requires_for_build_editable(config_settings=None):
    return build.get_requires_for_build_editable(config_settings) + _swig()
