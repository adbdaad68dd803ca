"""One test that is no function, a doctest: the line that names it is in the singular."""

from pathlib import Path

from verdict import pytest, verdict

Path("test_doc.py").write_text('''
def double(number):
    """
    >>> double(2)
    4
    """
    return 2 * number


def test_double():
    double(1)
''')
text = pytest("--heap-all", "--heap-baseline=update", "--doctest-modules")
lines = [line for line in text.splitlines() if "not measured" in line]
if not lines:
    raise SystemExit("no line says that a test was not measured")
verdict("they are" not in lines[0] and "1 tests" not in lines[0], lines[0])
