"""pip's backend asks PyPI for SWIG where PATH has none that is new enough."""

import importlib
import os
import pathlib
import sys
import types

import pytest

BACKEND = pathlib.Path(__file__).parents[2] / "python" / "backend"


@pytest.fixture
def backend(monkeypatch):
    """The backend over a scikit-build-core that needs nothing itself."""
    build = types.ModuleType("scikit_build_core.build")
    build.get_requires_for_build_wheel = build.get_requires_for_build_editable = lambda settings=None: []
    package = types.ModuleType("scikit_build_core")
    package.build = build
    monkeypatch.setitem(sys.modules, "scikit_build_core", package)
    monkeypatch.setitem(sys.modules, "scikit_build_core.build", build)
    monkeypatch.syspath_prepend(str(BACKEND))
    sys.modules.pop("heapster_backend", None)
    return importlib.import_module("heapster_backend")


@pytest.fixture
def swig_on_path(tmp_path, monkeypatch):
    """Puts a program `swig` that prints `text` first on PATH, or takes every one away for None."""

    def put(text):
        rest = os.environ["PATH"] if text is not None else ""
        monkeypatch.setenv("PATH", os.pathsep.join(filter(None, [str(tmp_path), rest])))
        if text is not None:
            program = tmp_path / "swig"
            program.write_text(f"#!/bin/sh\ncat <<'TEXT'\n{text}\nTEXT\n")
            program.chmod(0o755)

    return put


@pytest.mark.parametrize(
    ("told", "is_asked_for"),
    [
        ("\nSWIG Version 4.1.0\n\nCompiled with g++", False),
        ("\nSWIG Version 4.2.1\n", False),
        ("\nSWIG Version 4.5.1\n", False),
        ("\nSWIG Version 4.10.0\n", False),
        ("\nSWIG Version 5.0.0\n", False),
        ("\nSWIG Version 4.0.2\n", True),
        ("\nSWIG Version 3.9.0\n", True),
        ("no version at all", True),
        (None, True),
    ],
)
def test_swig_is_asked_for_unless_path_has_one_that_is_new_enough(backend, swig_on_path, told, is_asked_for):
    swig_on_path(told)
    wanted = [backend.SWIG] if is_asked_for else []
    assert backend.get_requires_for_build_wheel() == wanted
    assert backend.get_requires_for_build_editable() == wanted


def test_pip_takes_the_newest_swig(backend):
    assert backend.SWIG == "swig>=4.1"
