"""Counts are the same in any order, alone, in part, and on xdist's workers. The project in steady/ has 200 tests.

HEAPSTER_ROUNDS=20 repeats each order 20 times and runs every test alone: python_test_plugin_steady_often, label long.
"""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from pytest_heapster.options import COUNTS

PROJECT = pathlib.Path(__file__).with_name("steady")
ROUNDS = int(os.environ.get("HEAPSTER_ROUNDS", "1"))
ORDERS = {"again": [], "reversed": ["--reverse"], "a half": ["-k", "0 or 1"], "two workers": ["-p", "xdist", "-n", "2"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shutil.copytree(PROJECT, tmp_path_factory.mktemp("project") / "steady")


def run(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "heapster", "-p", "no:cacheprovider"]
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run([*command, *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False)


def counts(folder, *arguments):
    """The counts of each test."""
    done = run(folder, "--heap-report=json:report.json", "--heap-baseline=off", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder / "report.json").read_text(encoding="utf-8"))["measurements"]
    return {name: [each["measured"]["figures"][field] for field in COUNTS] for name, each in found.items()}


@pytest.fixture(scope="module")
def expected(folder):
    found = counts(folder)
    assert len(found) == 200
    return found


def find_changed(found, expected):
    return {name: (expected[name], figures) for name, figures in found.items() if figures != expected[name]}


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("order", ORDERS)
def test_an_order_changes_no_count(folder, expected, order, turn):
    if order == "two workers" and importlib.util.find_spec("xdist") is None:
        pytest.skip("pytest-xdist is not installed")
    found = counts(folder, *ORDERS[order])
    assert len(found) == (147 if order == "a half" else 200)
    assert not find_changed(found, expected)


def test_a_test_has_the_same_counts_alone_as_among_others(folder, expected):
    alone = {}
    for name in sorted(expected)[:: 1 if ROUNDS > 1 else 20]:
        alone.update(counts(folder, name))
    assert not find_changed(alone, expected)


def test_a_baseline_of_one_order_holds_in_others_after_one_warm_up(folder):
    assert run(folder, "--heap-baseline=update").returncode == 0
    for arguments in ([], ["--reverse"], ["-k", "0 or 1"]):
        done = run(folder, "--heap-strict", "-o", "heap_warmup=1", *arguments)
        assert done.returncode == 0, done.stdout
