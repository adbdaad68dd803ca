"""A project of 200 tests whose counts must not depend on the tests before them. test_plugin_steady.py runs it."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--reverse", action="store_true", help="run the tests from the last to the first")


def pytest_collection_modifyitems(config, items):
    if config.getoption("reverse"):
        items.reverse()


@pytest.fixture(scope="module")
def words():
    return [f"word {number}" for number in range(300)]


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "record.txt"
    path.write_text("one\ntwo\nthree\n", encoding="utf-8")
    return path
