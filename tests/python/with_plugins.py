"""The pytest plugin beside the plugins that teams have, from PyPI: python3 tests/python/with_plugins.py BUILD [NAME...]

Each case is a small project with a baseline made without the other plugin, or with it, and a check: outcomes are as
without heapster, and figures of unchanged code hold. Label long. The status is 0, 1 if a case is wrong, 77 without PyPI.
coverage, subtests, benchmarks and memray are in tests/cases as well.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Dict, List, NamedTuple

LIBRARY = """
def numbers(count):
    if count < 0:
        return None
    return [{"number": number} for number in range(count)]
"""

TESTS = """
from library import numbers
def test_many(): numbers(100)
def test_few(): numbers(10)
class TestMethods:
    def test_method(self): numbers(20)
"""

UNITTEST = """
import unittest
from library import numbers
class Test(unittest.TestCase):
    def setUp(self): self.kept = []
    def test_it(self): self.kept.append(numbers(10))
    def test_sub(self):
        for index in range(3):
            with self.subTest(index=index): numbers(index)
class Async(unittest.IsolatedAsyncioTestCase):
    async def test_coroutine(self): numbers(10)
"""

ANYIO = """
import pytest
from library import numbers
@pytest.fixture
def anyio_backend(): return "asyncio"
@pytest.mark.anyio
async def test_it():
    import anyio
    await anyio.sleep(0)
    numbers(10)
"""

HYPOTHESIS = """
from hypothesis import given, settings, strategies
from library import numbers
@settings(database=None)
@given(strategies.integers(0, 20))
def test_drawn(count): assert len(numbers(count)) == count
def test_plain(): numbers(10)
"""

DJANGO = """
import django.conf, pytest
from library import numbers
@pytest.mark.django_db
def test_model():
    from django.contrib.auth.models import User
    User.objects.create(username="name")
    assert User.objects.count() == 1
def test_plain(): numbers(10)
"""

DJANGO_CONFTEST = """
import django.conf
def pytest_configure():
    django.conf.settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
"""

RERUN = """
import pathlib
from library import numbers
mark = pathlib.Path(__file__).with_name("mark")
def test_flaky():
    numbers(10)
    if not mark.exists():
        mark.write_text("x")
        assert False
def test_plain(): numbers(10)
"""


class Case(NamedTuple):
    needs: List[str]
    tests: str = TESTS
    options: List[str] = []  # of the check; the baseline is made without them
    with_update: List[str] = []
    conftest: str = ""
    outcome: str = ""  # of the check; as without heapster if empty
    must_say: str = ""


CASES: Dict[str, Case] = {
    "cov": Case(["pytest-cov"], options=["--cov=library", "--cov-branch"], must_say=r"library.py +\d+ +\d+ +\d+ +\d+ +(\d+%)"),
    "cov-python": Case(["pytest-cov"], options=["--cov=library"], must_say=r"library.py +\d+ +\d+ +(\d+%)"),
    "memray": Case(["pytest-memray"], options=["--memray"]),
    "randomly": Case(["pytest-randomly"], options=["-p", "randomly", "-p", "no:randomly"]),
    "randomly-on": Case(["pytest-randomly"], with_update=["-p", "no:randomly"]),
    "timeout": Case(["pytest-timeout"], options=["--timeout=60"]),
    "timeout-thread": Case(["pytest-timeout"], options=["--timeout=60", "--timeout-method=thread"]),
    "rerunfailures": Case(["pytest-rerunfailures"], RERUN, options=["--reruns=2"], outcome="2 passed"),
    "hypothesis": Case(["hypothesis"], HYPOTHESIS),
    "anyio": Case(["anyio"], ANYIO),
    "django": Case(["pytest-django", "django"], DJANGO, conftest=DJANGO_CONFTEST),
    "unittest": Case([], UNITTEST),
    "xdist": Case(["pytest-xdist"], options=["-n", "2"]),
    "subtests": Case(["pytest-subtests", "pytest<9"], UNITTEST),
}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)


def last_words(text):
    return re.sub(r" in [\d.]+s.*", "", (text.strip().splitlines() or [""])[-1].strip("= "))


class Project:
    def __init__(self, name: str, case: Case, python: pathlib.Path, build: pathlib.Path, folder: pathlib.Path):
        self.case, self.python, self.folder = case, python, folder
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON", "HEAPSTER"))}
        core = {"COVERAGE_CORE": "pytrace"} if name == "cov-python" else {}
        self.environment = {**clean, **core, "PYTHONPATH": str(build / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
        files = {"library.py": LIBRARY, "test_it.py": case.tests, "conftest.py": case.conftest, "pytest.ini": "[pytest]\n"}
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")

    def pytest(self, *options):
        command = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", *options]
        done = run(*command, cwd=self.folder, env=self.environment)
        (self.folder / "mark").unlink(missing_ok=True)
        return done.stdout + done.stderr


def examine(project: Project):
    """What is wrong, or None."""
    case = project.case
    bare = project.pytest("-p", "no:heapster", *case.options)
    project.pytest("--heap-all", "--heap-baseline=update", *case.with_update)
    check = project.pytest("--heap-all", *case.options)
    entries = json.loads((project.folder / "heapster-baseline.json").read_text(encoding="utf-8"))
    if len(entries) != 2:
        return f"the baseline has no entries: {entries}"
    expected = case.outcome or last_words(bare)
    if last_words(check) != expected:
        return f"{last_words(check)}; without heapster: {expected}\n{check}"
    if case.must_say:
        found = [re.findall(case.must_say, text) for text in (bare, check)]
        if not found[0] or found[0] != found[1]:
            return f"{found[1]}; without heapster: {found[0]}"
    return None


def main():
    build, chosen = pathlib.Path(sys.argv[1]).absolute(), sys.argv[2:]
    wrong = have = 0
    for name, case in CASES.items():
        if chosen and name not in chosen:
            continue
        with tempfile.TemporaryDirectory() as path:
            folder = pathlib.Path(path)
            python = folder / "venv" / "bin" / "python"
            if run(sys.executable, "-m", "venv", folder / "venv").returncode:
                print("needs python3-venv")
                return 77
            needs = case.needs if any(each.startswith("pytest<") for each in case.needs) else ["pytest", *case.needs]
            done = run(python, "-m", "pip", "-q", "install", *needs)
            if done.returncode:
                print(f"{name}: not run: {done.stderr.strip().splitlines()[-1:]}")
                continue
            have += 1
            (folder / "project").mkdir()
            problem = examine(Project(name, case, python, build, folder / "project"))
            print(f"{name}: {problem or 'right'}", flush=True)
            wrong += problem is not None
    return 77 if not have else 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
