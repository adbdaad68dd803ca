"""A baseline without --cov, a check with it: tests of unchanged code pass."""

from pathlib import Path

from verdict import last_line, pytest, verdict, virtual_environment

python = virtual_environment("pytest", "pytest-cov")
Path("library.py").write_text("""
def numbers(count):
    found = []
    for i in range(count):
        found.append({"number": i})
    return found
""")
Path("test_library.py").write_text("""
from library import numbers


def test_many():
    numbers(100)


def test_few():
    numbers(10)
""")
pytest("--heap-all", "--heap-baseline=update", "test_library.py", python=python)
text = pytest("--heap-all", "--cov=library", "test_library.py", python=python, plugins=["pytest_cov"])
summary = last_line(text)
verdict(summary.startswith("2 passed"), summary)
