"""Where the heapster command writes its report, snapshots of a running program, and wrong command lines."""

import json
import os
import shutil
import signal
import time

import pytest
from run_support import HEAPSTER, MISSING, PROGRAMS
from run_support import assert_one_line, assert_report, execute, require_built, run, started

# PATH.


def test_output_takes_the_report_and_leaves_standard_error_alone(tmp_path):
    path = tmp_path / "report"
    result = run("sh", "-c", "echo out; echo err >&2; exit 3", options=["--output", path])
    assert (result.returncode, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert_report(path.read_text(), "sh")


def test_relative_output_belongs_to_the_folder_of_the_command(tmp_path):
    run(PROGRAMS / "changes_folder", options=["-o", "one"], cwd=tmp_path)
    run(PROGRAMS / "changes_folder", options=["-o", "every.%p"], cwd=tmp_path)
    run(PROGRAMS / "changes_folder", options=["-o", "replaced"], cwd=tmp_path, every=60)
    reports = sorted(tmp_path.glob("[eor]*"))
    assert [report.name.split(".")[0] for report in reports] == ["every", "one", "replaced"]
    for report in reports:
        assert_report(report.read_text(), "changes_folder")


def test_output_is_truncated_before_the_program_starts(tmp_path):
    path = tmp_path / "report"
    path.write_text("old\n" * 10_000)
    assert run("cat", path, options=["--output", path]).stdout == ""
    assert_report(path.read_text(), "cat")


def test_output_may_be_a_device():
    assert run("true", options=["--output", "/dev/full"]).stderr.count("\n") == 1
    assert_report(run("true", options=["--output", "/dev/stdout"]).stdout, "true")


def test_device_is_not_said_to_stay_empty():
    result = run("sh", "-c", "kill -9 $$", options=["--output", "/dev/null"])
    assert_one_line(result.stderr, MISSING, "SIGKILL")
    assert "/dev/null" not in result.stderr


@pytest.mark.parametrize("name", ["missing/report", "missing/report.%p", "."])
def test_unwritable_output_is_one_line_before_the_program_starts(name, tmp_path):
    path = tmp_path / name
    result = run("touch", tmp_path / "started", options=["--output", path])
    assert result.returncode == 125
    assert_one_line(result.stderr, "cannot write", path)
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("name", ["report", "report.%p"])
def test_output_of_a_killed_program_stays_empty_and_is_named(name, tmp_path):
    result = run("sh", "-c", "kill -9 $$", options=["--output", tmp_path / name])
    assert result.returncode == -signal.SIGKILL
    (file,) = tmp_path.glob("report*")
    assert_one_line(result.stderr, MISSING, "SIGKILL", f"; {file} stays empty")
    assert file.read_text() == ""


def test_output_that_was_exchanged_is_refused_and_one_that_was_removed_is_made_anew(tmp_path):
    path = tmp_path / "report"
    for exchange in "mkfifo report", "ln -s other report", "echo mine >report":
        result = run("sh", "-c", f"rm report; {exchange}; exit 3", options=["--output", path], cwd=tmp_path)
        assert result.returncode == 3
        assert_one_line(result.stderr, f"cannot write the report to {path}: it is another file by now")
        assert not (tmp_path / "other").exists()
        path.unlink()
    assert run("rm", path, options=["--output", path]).stderr == ""
    assert_report(path.read_text(), "rm")
    for options in ["--output", tmp_path / "report.%p"], ["--output", path, "--every", "60"]:
        exchange = f"rm -f {path}*; mkfifo {path}.$$.tmp {path}.$$"
        result = run("sh", "-c", f"{exchange}; exit 3", options=options)
        assert result.returncode == 3
        if "--every" not in options:
            assert_one_line(result.stderr, "it is another file by now")


def test_full_disk_is_told_for_each_process_and_then_by_number(tmp_path):
    script = "mkdir full; mount -t tmpfs -o size=16k tmpfs full; dd if=/dev/zero of=full/filler bs=1k count=64; exec "
    command = f"{HEAPSTER} run -o full/%p.json -f json -- sh -c 'for i in 1 2 3 4 5 6 7; do ls /; done; exit 3'"
    result = execute(["unshare", "-m", "sh", "-c", script + command], cwd=tmp_path)
    if "mount" in result.stderr or result.returncode == 1:
        pytest.skip("a mount namespace is not to be had")
    assert result.returncode == 3
    lines = [line for line in result.stderr.splitlines() if line.startswith("heapster: ")]
    assert all(": No space left on device" in line for line in lines[:5])
    assert lines[5:] == ["heapster: cannot write the reports of 3 more processes"]


# %p.


def reports_of(folder):
    found = {}
    for path in folder.glob("report.*"):
        report = json.loads(path.read_text())
        assert path.name == f"report.{report['pid']}"
        found[report["pid"]] = report
    return found


def test_child_of_a_fork_reports_to_its_own_file(tmp_path):
    result = run(PROGRAMS / "forks", options=["--format", "json", "--output", tmp_path / "report.%p"])
    reports = reports_of(tmp_path)
    assert result.returncode == 5 and result.stderr == ""
    child = reports.pop(int(result.stdout))
    (parent,) = reports.values()
    assert child["total"]["use_max"] >= 1 << 20 > parent["total"]["use_max"]


def test_programs_that_a_shell_starts_report_to_their_own_files(tmp_path):
    script = "ls / >/dev/null; sort </dev/null; (exit 1); exec cat /dev/null"
    result = run("sh", "-c", script, options=["--format", "json", "--output", tmp_path / "report.%p"])
    assert (result.returncode, result.stderr) == (0, "")
    commands = sorted(report["command"][0] for report in reports_of(tmp_path).values())
    assert commands == ["cat", "ls", "sh", "sort"]


def test_vfork_child_leaves_no_file(tmp_path):
    assert run(PROGRAMS / "vforks", options=["--output", tmp_path / "report.%p"]).returncode == 4
    (path,) = tmp_path.glob("report.*")
    assert_report(path.read_text(), "vforks")


# HEAPSTER_REPORT_EVERY.


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def files_of(folder):
    return [path for path in folder.glob("report*") if path.suffix != ".tmp"]


@pytest.mark.parametrize("name", ["report", "report.%p"])
def test_snapshots_replace_the_output_while_the_program_runs(name, tmp_path):
    counts = set()

    def is_growing():
        text = path.read_text()
        counts.update({json.loads(text)["total"]["alloc_count"]} if text else {})
        return len(counts) > 5

    options = ["--format", "json", "--output", tmp_path / name]
    with started(*options, "--", PROGRAMS / "waits_for_term", every=0.02) as process:
        (path,) = files_of(tmp_path)
        wait_for(is_growing)
        process.terminate()
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 7
    assert json.loads(path.read_text())["total"]["alloc_count"] >= max(counts)
    assert list(tmp_path.glob("report*")) == [path]


def test_snapshots_go_on_in_the_child_of_a_fork(tmp_path):
    """The child ends when its own file is there, and the parent when the child has."""
    script = """
        my $child = fork;
        if ($child) { waitpid $child, 0; exit 2 }
        select undef, undef, undef, 0.01 until -s "report.$$";
    """
    result = run("perl", "-e", script, options=["-o", "report.%p"], every=0.02, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (2, "")
    assert len(list(tmp_path.glob("report.*"))) == 2


def test_last_snapshot_of_a_killed_program_is_said_to_be_that(tmp_path):
    path = tmp_path / "report"
    script = f"echo ready; until test -s {path}; do :; done; kill -9 $$"
    with started("--output", path, "--", "sh", "-c", script, every=0.02) as process:
        _, errors = process.communicate(timeout=30)
    assert_one_line(errors, "sh was killed by SIGKILL", f"{path} holds the last snapshot")
    assert_report(path.read_text(), "sh")
    assert list(tmp_path.glob("report*")) == [path]


@pytest.mark.parametrize("every", ["0", "-1", "often", "", "1s", "nan", "inf", "1e300"])
def test_snapshots_need_a_number_of_seconds(every, tmp_path):
    result = run("true", options=["--output", tmp_path / "report"], every=every)
    assert result.returncode == 125
    assert_one_line(result.stderr, f"HEAPSTER_REPORT_EVERY is '{every}'")
    result = run("true", options=["--output", tmp_path / "report", "--every", every])
    assert result.returncode == 125
    assert_one_line(result.stderr, f"--every is '{every}'")


def test_option_for_snapshots_comes_before_the_variable(tmp_path):
    options = ["--output", tmp_path / "report", "--every", "0.01"]
    with started(*options, "--", PROGRAMS / "waits_for_term", every="nonsense"):
        wait_for((tmp_path / "report").read_text)


def test_dash_is_standard_output(tmp_path):
    for options in ([], ["--every", "5"]):
        result = run("sh", "-c", "echo out; exit 3", options=["--output", "-", *options], cwd=tmp_path)
        assert (result.returncode, result.stderr) == (3, "")
        first, _, report = result.stdout.partition("\n")
        assert first == "out"
        assert_report(report, "sh")
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [(["-o", "", "true"], 125, "the path of --output is empty"), (["--", ""], 127, "the program's name is empty")],
)
def test_empty_words_are_errors(words, status, message):
    result = execute([HEAPSTER, "run", *words])
    assert result.returncode == status
    assert_one_line(result.stderr, message)


def test_snapshots_need_a_regular_file():
    result = run("true", options=["--output", "/dev/null"], every=1)
    assert result.returncode == 125
    assert_one_line(result.stderr, "--every", "/dev/null is none")


# The command line.


def test_program_that_does_not_exist_gives_127():
    result = run("no-such-program")
    assert result.returncode == 127
    assert_one_line(result.stderr, "cannot run no-such-program: No such file or directory")


@pytest.mark.parametrize("choice", ["5", "5,depth=3"])
def test_a_number_of_callers_apart_from_its_option_is_no_program(choice):
    result = run("true", options=["--explain", choice])
    said = f"cannot run {choice}: No such file or directory; a number of callers is written --explain={choice}"
    assert_one_line(result.stderr, said)
    assert result.returncode == 127


def test_file_that_is_no_program_gives_126(tmp_path):
    result = run(tmp_path)
    assert result.returncode == 126
    assert_one_line(result.stderr, f"cannot run {tmp_path}: Permission denied")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["walk"], "unknown command 'walk'"),
        (["run", "--format", "yaml", "true"], "unknown format 'yaml': it can be text, json or prometheus"),
        (["run", "-v", "--format", "json", "true"], "--verbose is for text: json always has all figures"),
        (["run"], "no program to run"),
        (["run", "--"], "no program to run"),
    ],
)
def test_nonsense_is_answered_by_one_line(words, message):
    result = execute([HEAPSTER, *words])
    assert (result.returncode, result.stdout) == (125, "")
    assert_one_line(result.stderr, message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--output"], "option '--output' needs a value"),
        (["run", "-o"], "option '-o' needs a value"),
        (["run", "--verbose=3", "true"], "option '--verbose=3' takes no value"),
        (["run", "-y", "true"], "unknown option '-y'"),
        (["run", "--ver", "true"], "unknown or ambiguous option '--ver'"),
        (["--\033[31m"], r"unknown or ambiguous option '--\x1b[31m'"),
    ],
)
def test_wrong_option_is_named(words, message):
    first, second = execute([HEAPSTER, *words]).stderr.splitlines()
    assert first == f"heapster: {message}"
    assert second.endswith("--help' for more information.")


@pytest.mark.parametrize("words", [["--nonsense"], ["run", "--nonsense"], ["run", "--output"], []])
def test_wrong_or_no_options_are_answered_by_usage(words):
    result = execute([HEAPSTER, *words])
    assert (result.returncode, result.stdout) == (125, "")
    assert "--help" in result.stderr


def test_help_is_on_standard_output():
    for words, wanted in (["--help"], "run"), (["run", "--help"], "--format=FORMAT"):
        result = execute([HEAPSTER, *words])
        assert (result.returncode, result.stderr) == (0, "")
        assert wanted in result.stdout


def test_options_after_the_program_are_its_own():
    require_built("echo")
    result = execute([HEAPSTER, "run", "echo", "--format", "json", "--help"])
    assert result.stdout == "--format json --help\n"
    assert_report(result.stderr, "echo")


def test_environment_keeps_what_was_preloaded():
    environment = {**os.environ, "LD_PRELOAD": "libm.so.6"}
    preloaded = run("sh", "-c", "echo $LD_PRELOAD", env=environment).stdout.strip().split(":")
    assert preloaded[0].endswith("/lib/libheapster_malloc.so.0") and preloaded[1:] == ["libm.so.6"]


def test_manual_is_well_formed():
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    page = os.path.join(os.path.dirname(__file__), "../../core/cli/heapster.1")
    result = execute(["man", "--warnings", "-l", page])
    assert (result.returncode, result.stderr) == (0, "")
