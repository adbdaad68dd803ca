"""What every test of the core in Python runs under."""

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; ctest's label of the same name")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Each test has a TMPDIR of its own, where nothing may stay behind."""
    folder = tmp_path / "private"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.delenv("HEAPSTER_REPORT_EVERY", raising=False)
    yield folder
    assert not list(folder.glob("heapster-*"))
