"""A regression that a baseline finds, under pytest-memray, which ends the counting of malloc with its first test. The
regression has to fail nevertheless, or the plugin says that nothing can be told."""

from pathlib import Path

from verdict import last_line, pytest, verdict, virtual_environment

TEST = """
import sqlite3


def query(rows):
    base = sqlite3.connect(":memory:")
    base.execute("create table t(x)")
    base.executemany("insert into t values (?)", ((n,) for n in range(rows)))
    base.close()


def test_first():
    query(10)


def test_query():
    query(ROWS)
"""

python = virtual_environment("pytest", "pytest-memray")
Path("pytest.ini").write_text("[pytest]\nheap_all = true\nheap_hooks = malloc\n")
Path("test_sql.py").write_text(TEST.replace("ROWS", "1000"))
pytest("--heap-baseline=update", python=python)
Path("test_sql.py").write_text(TEST.replace("ROWS", "3000"))
without = last_line(pytest(python=python))
if not without.startswith("1 failed, 1 passed"):
    raise SystemExit(f"without memray: {without}")
text = pytest("--memray", python=python, plugins=["pytest_memray.plugin"])
is_told = "not counted" in text or "NotCounting" in text
verdict("FAILED test_sql.py::test_query" in text or is_told, last_line(text))
