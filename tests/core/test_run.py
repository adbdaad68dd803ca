"""The heapster command over real programs and over programs that make it hard."""

import json
import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from fields import shown_if_verbose
from run_support import BUILD, HEADING, HEAPSTER, MISSING, PROGRAMS
from run_support import assert_one_line, assert_report, execute, require_built, run, started

# Real programs.

REAL = {
    "sqlite3": (["sqlite3", ":memory:"], "create table t(x); insert into t values (1), (2); select sum(x) from t;"),
    "git log": (["git", "--no-pager", "log"], None),
    "gcc -c": (["gcc", "-c", "-x", "c", "-o", "/dev/null", "-"], "int main(void) { return 0; }\n"),
    "gcc -c with an error": (["gcc", "-c", "-x", "c", "-o", "/dev/null", "-"], "int main(void) { return }\n"),
    "perl": (["perl", "-e", "my @a = map { $_ x 10 } 1 .. 1000; print scalar(@a); exit 4"], None),
    "python3 -m json.tool": (["/usr/bin/python3", "-m", "json.tool"], '{"a": [1, 2, 3]}'),
    "lua5.4": (["lua5.4", "-e", "t = {} for i = 1, 1000 do t[i] = 'x' .. i end print(#t)"], None),
    "ls": (["ls", "/"], None),
    "sort": (["sort"], "b\na\n"),
    "cat": (["cat"], "kept\n"),
    "grep": (["grep", "nothing"], "something\n"),
    "awk": (["awk", "{ print $1 }"], "one two\n"),
    "sh -c": (["sh", "-c", "read line; echo $line; exit 3"], "hello\n"),
    "bash -c": (["bash", "-c", "echo $((6 * 7)); echo oops >&2"], None),
}


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    execute(["git", "init", "-q", folder])
    execute(["git", "-C", folder, *author, "commit", "-q", "--allow-empty", "-m", "first"])
    return folder


@pytest.mark.parametrize("case", REAL)
def test_real_program_gives_the_same_output_and_status_and_a_report(case, repository):
    command, text = REAL[case]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    source = {} if text is None else {"input": text}
    bare = execute(command, cwd=repository, **source)
    counted = run(*command, cwd=repository, **source)
    assert (counted.returncode, counted.stdout) == (bare.returncode, bare.stdout)
    assert counted.stderr.startswith(bare.stderr)
    assert_report(counted.stderr[len(bare.stderr) :], Path(command[0]).name)


# How the program ends.


@pytest.mark.parametrize("status", [0, 3, 126, 127, 255])
def test_status_of_the_program_is_the_status_of_the_command(status):
    assert run("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGINT", "SIGPIPE"])
def test_command_ends_by_the_signal_of_the_program_and_names_it(name):
    result = run("sh", "-c", f"kill -{name[3:]} $$")
    assert result.returncode == -getattr(signal, name)
    assert_one_line(result.stderr, f"no report: sh was killed by {name}")


def test_term_sent_to_the_command_reaches_the_program():
    with started("--", PROGRAMS / "waits_for_term") as process:
        process.send_signal(signal.SIGINT)
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 7
    assert_report(errors, "waits_for_term")


def test_status_is_kept_when_nobody_reads_the_report():
    require_built("sh")
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run([HEAPSTER, "run", "sh", "-c", "exit 3"], stderr=writing, timeout=60)
    os.close(writing)
    assert result.returncode == 3


def test_status_is_kept_where_ended_children_are_ignored():
    script = f"trap '' CHLD; exec {HEAPSTER} run sh -c 'exit 3'"
    assert execute(["bash", "-c", script]).returncode == 3


@pytest.mark.parametrize("way", ["_exit", "_Exit", "quick_exit"])
def test_program_that_leaves_out_its_exit_handlers_reports(way):
    result = run(PROGRAMS / "ends_early", way)
    assert result.returncode == 6
    assert_report(result.stderr, "ends_early")


def test_signal_handler_that_ends_the_program_inside_malloc_leaves_a_report():
    for _ in range(20):
        result = run(PROGRAMS / "ends_early", "handler")
        assert result.returncode == 6
        assert_report(result.stderr, "ends_early")


def test_threads_that_end_the_program_together_leave_one_whole_report():
    for _ in range(50):
        result = run(PROGRAMS / "ends_twice", options=["--format", "json"])
        assert result.returncode == 8
        json.loads(result.stderr)


def test_bare_system_call_leaves_no_report_and_a_line():
    result = run(PROGRAMS / "ends_early", "call")
    assert result.returncode == 6
    assert_one_line(result.stderr, MISSING, "ended without exit handlers")


# What the program does to itself.


@pytest.mark.parametrize("name", ["closes_descriptors", "changes_folder"])
def test_program_that_drops_what_it_was_given_reports(name):
    result = run(PROGRAMS / name)
    assert result.returncode == 0
    assert_report(result.stderr, name)


def test_file_that_may_not_grow_changes_nothing_for_the_program():
    result = run("sh", "-c", "ulimit -f 0; exit 5")
    assert result.returncode == 5
    assert_report(result.stderr, "sh")


def test_vfork_child_does_not_report_for_its_parent():
    result = run(PROGRAMS / "vforks", options=["--format", "json"])
    assert result.returncode == 4
    assert json.loads(result.stderr)["total"]["use_max"] >= 1234567


def test_child_of_a_fork_does_not_report_for_a_killed_parent():
    result = run("sh", "-c", "(exit 0); kill -9 $$")
    assert_one_line(result.stderr, MISSING, "sh was killed by SIGKILL")


def test_program_reports_after_the_last_exec_of_a_chain():
    result = run("sh", "-c", "exec env A=b sh -c 'exec ls /'")
    assert result.stdout == execute(["ls", "/"]).stdout
    assert_report(result.stderr, "ls")


def test_child_of_a_fork_leaves_the_report_to_its_parent():
    result = run(PROGRAMS / "forks", options=["--format", "json"])
    assert result.returncode == 5
    assert json.loads(result.stderr)["pid"] != int(result.stdout)


def test_cleared_environment_leaves_no_report_and_a_line():
    result = run("env", "-i", "/bin/echo", "kept")
    assert result.stdout == "kept\n" and result.returncode == 0
    assert_one_line(result.stderr, MISSING, "LD_PRELOAD")


def test_static_program_runs_and_is_named_static():
    result = run(PROGRAMS / "allocates_static")
    assert result.returncode == 3
    assert_one_line(result.stderr, MISSING, "allocates_static", "statically linked")


def test_script_is_judged_by_its_interpreter(tmp_path):
    script = tmp_path / "script"
    script.write_text(f"#!{PROGRAMS / 'allocates_static'}\n")
    script.chmod(0o755)
    result = run("./script", cwd=tmp_path)
    assert result.returncode == 3
    assert_one_line(result.stderr, MISSING, "script is statically linked")


def copy_set_uid(program, folder):
    copied = shutil.copy(program, folder)
    os.chmod(copied, 0o755 | stat.S_ISUID)
    return copied


def run_as_nobody(folder):
    """Over copies, because the build tree may lie where another user cannot look."""
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if execute([*as_nobody, copy_set_uid(shutil.which("id"), folder), "-u"]).stdout != "0\n":
        pytest.skip("set-uid is not obeyed here")
    for source in (BUILD / "bin", BUILD / "lib"):
        shutil.copytree(source, folder / source.name, symlinks=True)
    program = copy_set_uid(PROGRAMS / "allocates", folder)
    command = [*as_nobody, folder / "bin" / "heapster", "run", "--", program]
    return execute(command, env={**os.environ, "TMPDIR": "/tmp"})


def test_set_uid_program_is_not_counted_and_named_set_uid():
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("making a program of another user needs root and setpriv")
    folder = Path("/var/tmp") / f"heapster-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        result = run_as_nobody(folder)
    finally:
        shutil.rmtree(folder)
    assert result.returncode == 3
    assert_one_line(result.stderr, MISSING, "allocates is set-uid or set-gid")


# Formats.


def test_figures_are_exactly_those_of_the_program():
    total = json.loads(run(PROGRAMS / "allocates", options=["--format", "json"]).stderr)["total"]
    found = {name: total[name] for name in ("alloc_count", "alloc_sum", "dealloc_count", "dealloc_sum")}
    assert found == {"alloc_count": 1000, "alloc_sum": 100_000, "dealloc_count": 500, "dealloc_sum": 50_000}
    assert (total["realloc_growth_count"], total["realloc_growth_sum"]) == (200, 200 * 4900)
    assert (total["live_count"], total["use_curr"]) == (500, 300 * 100 + 200 * 5000)


def test_json_is_one_document_with_exactly_its_keys():
    report = json.loads(run("sort", "-r", options=["--format", "json"]).stderr)
    assert list(report) == ["heapster", "pid", "command", "total", "heaps"]
    version = execute([HEAPSTER, "--version"]).stdout
    assert version == f"heapster {report['heapster']}\n"
    assert report["command"] == ["sort", "-r"]
    assert list(report["heaps"]) == ["malloc"]
    assert report["heaps"]["malloc"]["alloc_count"] == report["total"]["alloc_count"] > 0


def test_verbose_text_has_the_verbose_fields_and_the_same_lines_otherwise():
    def lines(*options):
        heading, *figures = run("lua5.4", "-v", options=options).stderr.splitlines()
        assert HEADING.match(heading)
        return figures

    brief, verbose = lines(), lines("--verbose")
    added = [line for line in verbose if line not in brief]
    assert [line.split(":")[0] for line in added] == shown_if_verbose()
    assert [line for line in verbose if line not in added] == brief
    report = json.loads(run("lua5.4", "-v", options=["--format", "json"]).stderr)
    assert f"live_count: {report['total']['live_count']:,}" in added


def test_prometheus_text_is_accepted_by_promtool():
    report = run("sort", options=["--format", "prometheus"]).stderr
    assert 'heapster_allocs_total{heap="malloc"} ' in report
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    checked = execute(["promtool", "check", "metrics"], input=report)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
