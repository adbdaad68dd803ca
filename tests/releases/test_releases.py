"""The table of packages, bare roots where they cannot be had, what CI does then, and the table of releases."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import releases

ROOT = Path(__file__).resolve().parents[2]
BARE_ROOT = ROOT / "tests/releases/bare_root.sh"
ROOT_SCRIPT = ROOT / "tests/releases/root.sh"
CLOSING = "100% tests passed, 0 tests failed out of 5\n"


def execute(*command, **options):
    words = [str(word) for word in command]
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **options)


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def packages(*words):
    return execute(ROOT / "dev", "packages", *words).stdout.split()


@pytest.mark.parametrize(
    "debian, mimalloc",
    [
        *((name, "2.0") for name in ("12", "12.15", "bookworm/sid")),
        *((name, "3") for name in ("13.8", "trixie", "forky/sid", "20", "")),
    ],
)
def test_a_package_has_its_name_in_each_release(debian, mimalloc):
    wanted = packages(debian, "build", "test")
    assert f"libmimalloc{mimalloc}" in wanted and {"gcc", "valgrind"} < set(wanted)
    assert "clang" not in wanted and len(set(wanted)) == len(wanted)
    assert not [name for name in wanted if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", name)]


@pytest.mark.parametrize("words", [(), ("12",), ("12", "nonsense"), ("12", "build", "nonsense")])
def test_packages_for_nothing_are_refused(words):
    ended = execute(ROOT / "dev", "packages", *words)
    assert (ended.returncode, ended.stdout) == (2, "") and ended.stderr.startswith("dev: ")


@pytest.fixture
def project(tmp_path):
    """A copy of `dev` and `.ci/run` among programs that only say what they are called with."""
    programs = tmp_path / "programs"
    script(programs / "dpkg-query", 'for each; do printf "[installed %s]" "$each"; done')
    script(programs / "cmake", "exit 0")
    for name in "dev", ".ci/run":
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path)}
    return tmp_path, lambda *command: execute(*command, cwd=tmp_path, env=environment)


def ctest_that_leaves(folder, log, status):
    (folder / "log").write_text(log, encoding="utf-8")
    kept = "build/Testing/Temporary"
    script(folder / "programs/ctest", f"mkdir -p {kept}; cp log {kept}/LastTest.log; exit {status}")


@pytest.mark.parametrize("status", [0, 8])
def test_what_was_skipped_is_named_with_its_reason(project, status):
    folder, run = project
    log = "SKIPPED lua_rock: luarocks is not installed\n1 passed\nSKIPPED [2] ../core/test_run.py:48: it is late\n"
    ctest_that_leaves(folder, log + "SKIPPED [1] tests/core/test_run.py:48: it is late\n", status)
    ended = run("./dev", "test")
    assert ended.returncode == status
    found = ["lua_rock: luarocks is not installed", "test_run.py:48: it is late"]
    assert ended.stderr.splitlines() == [f"dev: skipped: {words}" for words in found]


@pytest.mark.parametrize(
    "debian, skipped, found",
    [
        ("12.12", "test_x.py:25: lua5.5 is not installed", ""),
        ("forky/sid", "test_x.py:25: lua5.5 is not installed", "test_x.py:25: lua5.5 is not installed\n"),
        ("12.12", "test_x.py:85: fish is not installed", "test_x.py:85: fish is not installed\n"),
        ("12.12", "lua_rock: luarocks is not installed", "lua_rock: luarocks is not installed\n"),
        ("13.1", "test_x.py:41: promtool is not installed", "test_x.py:41: promtool is not installed\n"),
        ("13.1", "test_x.py:48: it is late", ""),
    ],
)
def test_a_skipped_test_is_a_fault_where_its_package_could_be_had(tmp_path, debian, skipped, found):
    (tmp_path / "log").write_text(f"5 passed\ndev: skipped: {skipped}\ndone\n", encoding="utf-8")
    ended = execute(ROOT / "tests/releases/missing.sh", debian, tmp_path / "log")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, found, "")


def test_whatever_a_test_may_miss_is_a_package_of_its_table():
    """Else it is skipped for ever, or CI fails where nothing is wrong."""
    luas = re.search(r"^LUAS = \((.*)\)$", (ROOT / "tests/lua/test_other_lua.py").read_text("utf-8"), re.MULTILINE)[1]
    assert set(re.findall(r'"(.*?)"', luas)) <= {"lua5.4", *packages("forky", "test")}


def continuous_integration(project, bare_root):
    folder, run = project
    script(folder / "tests/releases/bare_root.sh", bare_root)
    script(folder / "dev", f'echo "dev $1 here"; [ "$1" = check ] || echo "{CLOSING.strip()}"; [ ! -e broken ]')
    return run(".ci/run")


def test_ci_tests_in_a_bare_root_and_ends_with_the_closing_lines(project):
    test_log = f"test in there\n{CLOSING}dev: skipped: x: y"
    logs = f'echo "demo in there" >"$3/demo.log"; echo "{test_log}" >"$3/test.log"'
    ended = continuous_integration(project, f"{logs}; echo 'bookworm: passes: that'")
    assert ended.returncode == 0, ended
    assert ended.stdout.startswith("bookworm: passes: that\ndemo in there\ntest in there\n") and "dev test here" not in ended.stdout
    assert ended.stdout.endswith(f"dev check here\n{CLOSING}")


def test_ci_without_a_bare_root_says_so_and_tests_on_the_machine(project):
    ended = continuous_integration(project, "echo 'bookworm: not tried: it needs root'; exit 77")
    assert ended.returncode == 0, ended
    assert ended.stdout.startswith("bookworm: not tried: it needs root\nci: no bare Debian 12 here")
    assert ended.stdout.endswith(f"dev test here\n{CLOSING}dev check here\n{CLOSING}")


@pytest.mark.parametrize("status", [1, 2, 130])
def test_ci_fails_where_the_bare_root_fails(project, status):
    lines = f"echo 'E: no package' >\"$3/demo.log\"; echo 'bookworm: fails: that'; exit {status}"
    ended = continuous_integration(project, lines)
    assert ended.returncode == 1 and "E: no package\n" in ended.stdout and "here" not in ended.stdout
    assert ended.stdout.splitlines()[-1].endswith("in a bare Debian 12: bookworm: fails: that")


def test_ci_fails_where_the_tests_of_the_machine_fail(project):
    (project[0] / "broken").touch()
    ended = continuous_integration(project, "exit 77")
    assert ended.returncode == 1 and "dev check" not in ended.stdout


def test_without_root_no_bare_root_is_made(tmp_path):
    user = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("giving up root needs setpriv")
        user = ["setpriv", "--reuid=65534", "--clear-groups"]
    # The folders above may be closed to that user.
    text = BARE_ROOT.read_text(encoding="utf-8").replace('. "${0%/*}/root.sh"', ROOT_SCRIPT.read_text(encoding="utf-8"))
    ended = execute(*user, "sh", "-c", text, "bare_root.sh", "bookworm", ROOT, tmp_path / "logs")
    assert (ended.returncode, ended.stdout) == (77, "bookworm: not tried: it needs root\n")


def test_without_debootstrap_no_bare_root_is_made(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("it needs root")
    (tmp_path / "id").symlink_to(shutil.which("id"))
    ended = execute("/bin/sh", BARE_ROOT, "bookworm", ROOT, tmp_path / "logs", env={"PATH": str(tmp_path)})
    assert (ended.returncode, ended.stdout) == (77, "bookworm: not tried: it needs debootstrap\n")


@pytest.mark.parametrize("command", ["releases", "deb"])
@pytest.mark.parametrize("words", [("--help",), ("bookworm", "../trixie"), ("",)])
def test_what_is_no_name_of_a_release_is_refused(command, words):
    ended = execute(ROOT / "dev", command, *words)
    assert (ended.returncode, ended.stdout) == (2, "") and "is no release of Debian" in ended.stderr


def test_a_release_gets_its_row_from_its_logs(tmp_path):
    (tmp_path / "test.log").write_text(f"{CLOSING}dev: skipped: a: b\ndev: skipped: c: d\n", encoding="utf-8")
    versions = "".join(f"{name} 1.{i}\n" for i, name in enumerate(releases.PROGRAMS))
    (tmp_path / "versions").write_text(versions, encoding="utf-8")
    row = releases.row("trixie", tmp_path, "2026-01-02")
    assert row == ["trixie", "5", "2", "1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "2026-01-02"]


def test_rows_replace_those_of_their_releases_and_the_rest_stays():
    empty = f"before\n{releases.BEGIN}{releases.END}\nafter\n"
    filler = ["x"] * (len(releases.HEAD) - 1)
    once = releases.with_rows(empty, [["forky", *filler], ["bookworm", *filler]])
    again = releases.with_rows(once, [["trixie", *filler], ["forky", "y", *filler[1:]]])
    rows = [line.split(" | ")[:2] for line in again.splitlines() if line.startswith("| ")]
    assert rows == [["| release", "tests"], ["| bookworm", "x"], ["| trixie", "x"], ["| forky", "y"]]
    assert again.startswith("before\n") and again.endswith("\nafter\n")
    assert releases.with_rows(again, []) == again


def test_a_page_without_a_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match="there is no <!-- releases"):
        releases.with_rows("text", [])
