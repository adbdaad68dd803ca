"""The package as users meet it: types, help, and the extension without any .py file."""

import importlib.util
import inspect
import os
import pathlib
import pydoc
import re
import subprocess
import sys

import pytest

import heapster
from conftest import BUILD

PACKAGE = pathlib.Path(heapster.__file__).parent

USE = """
import heapster

def work(size: int) -> bytes:
    return bytes(size)

result, diff = heapster.measure(work, 3, heap="malloc", repeat=2)
length: int = len(result) + diff.alloc_count + sum(diff.alloc_histogram)
with heapster.measuring(scope="thread") as m:
    pass
peak: int = m.diff.use_peak or 0

@heapster.limit(alloc_count=3, use_peak="1 MiB", live_change=(0, None))
def limited(size: int) -> bytes:
    return work(size)

length = len(limited(3))
after: heapster.Stats = heapster.stats() - heapster.stats("malloc")
"""


def check_types(*command):
    path = {"PYTHONPATH": str(PACKAGE.parent), "MYPYPATH": str(PACKAGE.parent)}
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", *words], env={**clean, **path}, capture_output=True, text=True, check=False
        )

    # Debian's is compiled for one CPython, and seen by all.
    if run("mypy", "-c", "").returncode != 0:
        pytest.skip("the mypy that is here does not work with this CPython")
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_agree_with_the_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_types("mypy.stubtest", "heapster._heapster")


def test_strict_type_checking_accepts_a_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "use.py").write_text(USE, encoding="utf-8")
    check_types("mypy", "--strict", "use.py")


def test_strict_type_checking_accepts_the_pytest_plugin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_types("mypy", "--strict", "-p", "pytest_heapster", "-p", "heapster")


def test_help_has_a_text_and_a_signature_for_every_name():
    text = pydoc.render_doc(heapster, renderer=pydoc.plaintext)
    assert "SwigPy" not in text
    for name in heapster.__all__:
        if name != "__version__":
            assert name in text and getattr(heapster, name).__doc__
    assert str(inspect.signature(heapster.stats)) == "(heap=None)"
    assert str(inspect.signature(heapster.measure)).startswith("(fn, /, *args, heap=None, scope='process', warmup=0")
    for name, attribute in vars(heapster.Stats).items():
        assert attribute is None or name.startswith("_") or attribute.__doc__, name


def test_every_function_that_swig_generates_is_seen():
    """bindings/python/tables.h lists them by hand: a new field of a public header needs a row there."""
    (path,) = (BUILD / "bindings" / "heapster_python.c").glob("*_wrap.c")
    generated = path.read_text(encoding="utf-8", errors="replace")
    functions = set(re.findall(r"^SWIGINTERN PyObject \*_wrap_(\w+)\(", generated, re.MULTILINE))
    for function in functions:
        owner, _, name = function.partition("_")
        if owner[0].isupper():
            assert re.sub("_get$", "", name) in vars(getattr(heapster, owner)), function
        else:
            assert hasattr(heapster, function), function
    assert len(functions) > 90


def test_the_extension_alone_is_the_whole_module(plain):
    plain(
        "import pickle, sys, _heapster as heapster\n"
        "assert {'measure', 'measuring', 'limit', 'report', 'Stats', 'NotCounting'} <= set(heapster.__all__)\n"
        "sys.modules['heapster'] = heapster\n"
        "stats = heapster.stats()\n"
        "assert pickle.loads(pickle.dumps(stats)) == stats\n"
        "assert heapster.__name__ == 'heapster' and not [m for m in sys.modules if m.startswith('heapster.')]\n",
        PYTHONPATH=str(PACKAGE),
    )


def test_every_name_of_the_extension_is_in_the_package():
    from heapster import _heapster

    assert set(_heapster.__all__) | {"__version__"} == set(heapster.__all__)
