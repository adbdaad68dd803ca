"""The runner and the tests of the cases, over cases made for it."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import case_table
import needs
import pytest
import runner

ROOT = case_table.HERE.parent.parent
BUILD = Path(os.environ["HEAPSTER_BUILD"])

SCRIPTS = {
    "says_right": "echo 'right: four'",
    "says_wrong": "echo 'wrong: five'",
    "says_nothing": "true",
    "fails": "echo 'right: four'; exit 1",
    "crashes": "kill -SEGV $$",
    "gives_up": "exit 255",
    "cannot": "echo 'not run: needs a moon'",
    "hangs": "trap '' TERM; (exec sleep 1000) & sleep 1000",
    "leaves_a_child": "sleep 1000 & echo 'right: done'",
    "looks": 'echo "right: $HEAPSTER_BUILD $TMPDIR"; : >"$TMPDIR/left"; : >left',
}


@pytest.fixture
def cases(tmp_path):
    """Makes a folder of cases: a script by its name, with the further lines of its row."""

    def make(**rows):
        text = ""
        (tmp_path / "made").mkdir()
        for name, row in rows.items():
            (tmp_path / f"made/{name}.sh").write_text(f"{SCRIPTS[name]}\n")
            text += f'["made/{name}"]\nright = "four"\nissue = 9\n{row}\n'
        (tmp_path / "cases.toml").write_text(text)
        return tmp_path

    return make


def outcome(folder):
    (case,) = case_table.load(folder)
    return runner.run(case, runner.Tree(ROOT, BUILD))


def tell(folder, *words):
    """`./dev cases` over the folder's cases: status and output."""
    command = [sys.executable, case_table.HERE / "cases.py", ROOT, BUILD, *words]
    done = subprocess.run(command, env={**os.environ, "HEAPSTER_CASES": str(folder)}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def run_as_tests(folder):
    """test_cases.py over the folder's cases: status and output."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", case_table.HERE / "test_cases.py"]
    done = subprocess.run(command, env={**os.environ, "HEAPSTER_CASES": str(folder)}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "verdict", "seen"),
    [
        ("says_right", "right", "four"),
        ("says_wrong", "wrong", "five"),
        ("cannot", "not run", "needs a moon"),
        ("says_nothing", "broken", "status 0, no verdict"),
        ("fails", "broken", "status 1, no verdict"),
        ("crashes", "broken", "ended by SIGSEGV"),
        ("gives_up", "broken", "status 255, no verdict"),
    ],
)
def test_the_last_line_is_the_verdict_unless_the_case_fails_itself(cases, name, verdict, seen):
    found = outcome(cases(**{name: ""}))
    assert (found.verdict, found.seen) == (verdict, seen)


def test_a_crash_is_wrong_where_the_table_says_so(cases):
    assert outcome(cases(crashes="can_crash = true")).verdict == "wrong"


def test_a_need_that_is_not_met_is_told(cases):
    found = outcome(cases(says_wrong='needs = ["program no-such-program"]'))
    assert (found.verdict, found.seen) == ("not run", "needs no-such-program")


@pytest.mark.parametrize(("name", "verdict"), [("hangs", "broken"), ("leaves_a_child", "right")])
def test_nothing_that_a_case_started_is_left(cases, name, verdict, monkeypatch):
    start = time.monotonic()
    folder = cases(**{name: "timeout = 2"})
    monkeypatch.setenv("STARTED_BY", str(folder))
    assert outcome(folder).verdict == verdict
    assert time.monotonic() - start < 30
    assert not started_by(str(folder))


def started_by(mark):
    """Processes that have it in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"STARTED_BY={mark}" in (process / "environ").read_text(errors="replace"):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_no_file_is_left(cases):
    found = outcome(cases(looks=""))
    build, temporary = found.seen.split()
    assert build == str(BUILD)
    assert not Path(temporary).parent.exists()


def test_a_wrong_case_is_reported_and_no_error(cases):
    status, text = tell(cases(says_right="", says_wrong="", cannot=""))
    assert status == 0
    assert text.endswith("1 right, 1 wrong, 1 not run\n")
    assert re.search(r"made/says_wrong +\| seen: five +\| right: four +\| wrong$", text, re.MULTILINE)


def test_a_wrong_case_that_is_marked_as_mended_is_an_error(cases):
    status, text = tell(cases(says_right="mended = true", says_wrong="mended = true"))
    assert status == 1
    assert text.endswith("1 right, 1 wrong, 0 not run\n")


def test_names_choose_cases_and_groups(cases):
    folder = cases(says_right="", says_wrong="")
    assert tell(folder, "made")[1].endswith("1 right, 1 wrong, 0 not run\n")
    assert tell(folder, "made/says_right")[1].endswith("1 right, 0 wrong, 0 not run\n")
    status, text = tell(folder, "made/says")
    assert status != 0 and "there is no case or group 'made/says'" in text


def test_the_tests_pass_where_every_case_is_as_it_is_marked(cases):
    status, text = run_as_tests(cases(says_right="mended = true", says_wrong="", cannot=""))
    assert status == 0, text
    assert "1 passed, 1 skipped, 1 xfailed" in text


@pytest.mark.parametrize(
    ("name", "row"),
    [("says_wrong", "mended = true"), ("says_right", ""), ("says_nothing", ""), ("fails", "mended = true")],
)
def test_the_tests_fail_where_a_case_is_not_as_it_is_marked(cases, name, row):
    status, text = run_as_tests(cases(**{name: row}))
    assert status == 1, text
    assert "1 failed" in text


def test_every_case_has_its_file_and_every_file_its_case():
    cases = case_table.load()
    assert len({case.name for case in cases}) == len(cases)
    groups = {case.name.split("/")[0] for case in cases}
    assert groups == {"core", "command", "lua", "python", "plugin", "build"}
    files = {path for group in groups for path in (case_table.HERE / group).iterdir() if path.is_file()}
    assert files == {case.path for case in cases}


def test_every_program_compiles_without_a_warning():
    strict = os.environ.get("HEAPSTER_CFLAGS", "").split()  # -Werror in ./dev check
    tree = runner.Tree(ROOT, BUILD)
    for case in case_table.load():
        if case.path.suffix in (".c", ".cc") and not any(map(needs.missing, case.needs)):
            subprocess.run([*runner.compile_words(case, tree), *strict, "-fsyntax-only"], check=True)
