"""Subtests (built into pytest 9) in tests that the plugin runs several times: they are reported once, as without it,
and a test with a failed one gets no entry in the baseline."""

from pathlib import Path

from verdict import last_line, pytest, verdict, virtual_environment

python = virtual_environment("pytest>=9")
Path("test_sub.py").write_text("""
import unittest


class Test(unittest.TestCase):
    def test_good(self):
        for i in range(3):
            with self.subTest(i=i):
                [object() for _ in range(i)]

    def test_bad(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)


def test_fixture_good(subtests):
    for i in range(3):
        with subtests.test(i=i):
            [object() for _ in range(i)]


def test_fixture_bad(subtests):
    for i in range(3):
        with subtests.test(i=i):
            assert i != 1
""")
without = last_line(pytest("--heap-baseline=off", "test_sub.py", python=python))
found = last_line(pytest("--heap-all", "--heap-baseline=update", "test_sub.py", python=python))
entries = Path("heapster-baseline.json").read_text()
is_right = found == without and "bad" not in entries
verdict(is_right, f"{found}; without: {without}; entry of a failed test: {'bad' in entries}")
