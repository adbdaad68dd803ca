"""The report page: what a program may forbid itself, use up or write over, and how it may be killed."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest
from run_support import HEAPSTER, MISSING, PROGRAMS
from run_support import assert_one_line, assert_report, execute, run, started

# Without a way to the system.


@pytest.mark.parametrize("way", ["return", "_exit"])
@pytest.mark.parametrize("otherwise", ["errno", "kill"])
def test_program_that_forbids_itself_all_but_write_and_exit_reports_and_ends_as_ever(otherwise, way):
    program = [PROGRAMS / "sandboxes", otherwise, way]
    bare = execute(program)
    if bare.returncode == 77:
        pytest.skip("seccomp is not to be had")
    counted = run(*program)
    assert (counted.returncode, counted.stdout) == (bare.returncode, bare.stdout) == (3, "done\n")
    assert_report(counted.stderr, "sandboxes")


def test_limits_of_files_memory_and_descriptors_leave_the_report_as_it_is():
    limits = "ulimit -f 0; ulimit -v 50000; ulimit -n 3; ulimit -l 0; exit 5"
    result = run("sh", "-c", limits)
    assert result.returncode == 5
    assert_report(result.stderr, "sh")


def run_without_memory(*program, options=(), **environment):
    result = execute([PROGRAMS / "without_memory", HEAPSTER, "run", *options, "--", *program], **environment)
    if result.returncode == 77:
        pytest.skip("seccomp is not to be had")
    return result


def test_system_without_sealed_memory_gets_a_file_in_tmpdir(temporary):
    result = run_without_memory("sh", "-c", f"ls {temporary}; exit 3")
    assert result.returncode == 3 and re.fullmatch(r"heapster-\w{6}\n", result.stdout)
    assert_report(result.stderr, "sh")


def test_without_sealed_memory_each_process_reports_to_a_file_of_its_own(tmp_path):
    options = ["-f", "json", "-o", tmp_path / "report.%p"]
    result = run_without_memory("sh", "-c", "ls / >/dev/null; exit 3", options=options)
    assert (result.returncode, result.stderr) == (3, "")
    names = sorted(report["command"][0] for report in reports_in(tmp_path, 2).values())
    assert names == ["ls", "sh"]


def test_without_memory_and_file_the_program_runs_and_the_reason_is_said():
    result = run_without_memory("sh", "-c", "echo kept; exit 3", env={**os.environ, "TMPDIR": "/proc"})
    assert (result.returncode, result.stdout) == (3, "kept\n")
    assert_one_line(result.stderr, MISSING, "in /proc (TMPDIR", "No such file or directory; sh runs uncounted")


def test_limit_of_the_size_of_files_is_named_where_it_stands_in_the_way():
    result = execute(["sh", "-c", f"ulimit -f 0; exec {HEAPSTER} run -- sh -c 'echo kept; exit 3'"])
    assert (result.returncode, result.stdout) == (3, "kept\n")
    if "alloc_count" not in result.stderr:  # it can be raised for the command with the right to that
        assert_one_line(result.stderr, MISSING, "File too large", "ulimit -f", "sh runs uncounted")


# Children of which no library hears.


@pytest.mark.parametrize("child", ["fork", "vfork"])
def test_bare_child_that_ends_does_not_report_for_its_parent(child):
    if child == "fork" and execute([PROGRAMS / "bare_children", "wipes"]).returncode != 0:
        pytest.skip("the system says that it wipes a page for the child of a fork, and does not")
    returned = run(PROGRAMS / "bare_children", child, "return", options=["--format", "json"])
    assert returned.returncode == 4
    assert json.loads(returned.stderr)["total"]["use_max"] < 1 << 20
    killed = run(PROGRAMS / "bare_children", child, "kill")
    assert_one_line(killed.stderr, MISSING, "bare_children was killed by SIGKILL")


# Exec.


def test_program_that_exec_hides_is_named_with_what_was_seen():
    hidden = {
        ("env", "-i", "/bin/echo"): "env became /bin/echo by exec, without heapster's library in LD_PRELOAD",
        ("sh", "-c", f"exec {PROGRAMS}/allocates_static"): "allocates_static by exec, which is statically linked",
    }
    for program, words in hidden.items():
        assert_one_line(run(*program).stderr, MISSING, words)


def test_failed_exec_is_forgotten():
    script = "exec { '/no/such/program' } 'x'; exit 3"
    result = run("perl", "-e", script)
    assert result.returncode == 3
    assert_report(result.stderr, "perl")


def test_program_of_another_user_after_exec_is_told_by_the_users():
    if os.geteuid() != 0:
        pytest.skip("changing the user needs root")
    result = run("setpriv", "--reuid=65534", "--clear-groups", "sleep", "0")
    assert_one_line(result.stderr, MISSING, "setpriv became sleep by exec as user 65534, who may not open")


WITHOUT_PROC = ["unshare", "-m", "sh", "-c", "umount -l /proc; exec echo kept"]
IN_USER_NAMESPACE = ["unshare", "-Ur", "echo", "kept"]


@pytest.mark.parametrize("program", [WITHOUT_PROC, IN_USER_NAMESPACE], ids=["no proc", "user namespace"])
def test_program_that_cannot_open_memory_of_the_command_reports_by_a_file(program):
    if execute(program).returncode != 0:
        pytest.skip("namespaces are not to be had")
    result = run(*program, options=["--format", "json"])
    assert (result.returncode, result.stdout) == (0, "kept\n")
    report = json.loads(result.stderr)
    assert report["total"]["alloc_count"] > 0
    assert report["command"] == (["echo", "kept"] if program is IN_USER_NAMESPACE else [])


def test_errors_of_an_exec_are_told_in_the_words_of_the_system():
    if execute(WITHOUT_PROC).returncode != 0:
        pytest.skip("namespaces are not to be had")
    result = run(*WITHOUT_PROC, env={**os.environ, "TMPDIR": "/no/such/folder"})
    assert (result.returncode, result.stdout) == (0, "kept\n")
    words = "by exec, where the memory for its report cannot be opened: No such file or directory"
    assert_one_line(result.stderr, MISSING, words)


def test_full_disk_where_the_file_would_be_leaves_the_program_as_it_is(tmp_path):
    script = "mkdir full; mount -t tmpfs -o size=16k tmpfs full; dd if=/dev/zero of=full/filler bs=1k count=64; exec "
    command = f"env TMPDIR=$PWD/full {HEAPSTER} run -- unshare -Ur echo kept"
    result = execute(["unshare", "-m", "sh", "-c", script + command], cwd=tmp_path)
    if result.stdout != "kept\n":
        pytest.skip("namespaces are not to be had")
    assert result.returncode == 0
    assert "became echo by exec, where the memory for its report cannot be opened: Permission denied" in result.stderr


def test_program_with_one_free_descriptor_reports_whole():
    script = "ulimit -n 4; exec /bin/echo kept"
    result = run("sh", "-c", script, options=["--format", "json"])
    assert (result.returncode, result.stdout) == (0, "kept\n")
    assert json.loads(result.stderr)["command"] == ["/bin/echo", "kept"]


def test_program_in_another_root_folder_ends_as_ever(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("changing the root folder needs root")
    libraries = re.findall(r"(/\S+)", execute(["ldd", "/bin/echo"]).stdout)
    for file in ["/bin/echo", *libraries]:
        copied = tmp_path / file.lstrip("/")
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copied)
    result = run("chroot", tmp_path, "/bin/echo", "kept")
    assert (result.returncode, result.stdout) == (0, "kept\n")
    words = "chroot became /bin/echo by exec, where heapster's library cannot be read: No such file or directory"
    assert_one_line(result.stderr, MISSING, words)


def test_program_that_was_run_from_another_folder_is_looked_at_there(tmp_path):
    (tmp_path / "inner").mkdir()
    shutil.copy(PROGRAMS / "allocates_static", tmp_path / "inner" / "program")
    result = run("sh", "-c", "cd inner; exec ./program", cwd=tmp_path)
    assert_one_line(result.stderr, MISSING, f"{tmp_path}/inner/./program by exec, which is statically linked")


def compile_with_musl(folder):
    source, program = folder / "program.c", folder / "program"
    source.write_text('#include <stdio.h>\nint main(void) { puts("kept"); return 5; }\n')
    try:
        subprocess.run(["musl-gcc", source, "-o", program], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("musl-gcc is not to be had")
    return program


SPAWNING = "import os, sys; os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); sys.exit(os.wait()[1] >> 8)"


@pytest.mark.parametrize(
    "way",
    [[], ["env"], ["sh", "-c", '"$0"; exit $?'], ["perl", "-e", "exec @ARGV"], ["/usr/bin/python3", "-c", SPAWNING]],
    ids=lambda way: " ".join(map(str, way[:1])) or "itself",
)
def test_program_of_another_c_library_runs_as_without_heapster(way, tmp_path):
    program = compile_with_musl(tmp_path)
    result = run(*way, program)
    assert (result.returncode, result.stdout) == (5, "kept\n")
    assert "Error" not in result.stderr
    if not way:
        assert_one_line(result.stderr, MISSING, "is linked to musl, another C library", "it runs uncounted")


def test_script_and_program_whose_interpreter_is_missing_name_it(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter -x\n")
    script.chmod(0o755)
    result = run(script)
    assert result.returncode == 127
    said = f"cannot run {script}: its interpreter /no/such/interpreter: No such file or directory"
    assert_one_line(result.stderr, said)
    script.write_bytes(b"#!/bin/sh\r\nexit 3\r\n")
    assert_one_line(run(script).stderr, r"its interpreter /bin/sh\r: No such file or directory")
    script.write_text("#!/etc/passwd\n")
    assert_one_line(run(script).stderr, "its interpreter /etc/passwd: Permission denied")
    program = tmp_path / "program"
    source = "int main(void) { return 0; }\n"
    command = ["gcc", "-x", "c", "-", "-Wl,--dynamic-linker=/no/such/loader.so", "-o", program]
    subprocess.run(command, input=source, text=True, check=True)
    result = run(program)
    assert result.returncode == 127
    assert_one_line(result.stderr, f"cannot run {program}: its loader /no/such/loader.so: No such file or directory")


def test_small_stack_is_enough_to_run_programs():
    assert execute([PROGRAMS / "small_stack", PROGRAMS / "allocates"]).returncode == 3
    result = run(PROGRAMS / "small_stack", PROGRAMS / "allocates")
    assert result.returncode == 3
    assert_report(result.stderr, "allocates")


# Namespaces, daemons.


def reports_in(folder, count):
    deadline = time.monotonic() + 30
    while len(paths := [path for path in folder.glob("report.*") if path.read_text().endswith("}\n")]) < count:
        assert time.monotonic() < deadline, paths
        time.sleep(0.02)
    return {path.name: json.loads(path.read_text()) for path in paths}


def test_processes_of_another_namespace_of_process_ids_report(tmp_path):
    if execute(["unshare", "-pf", "--mount-proc", "true"]).returncode != 0:
        pytest.skip("namespaces are not to be had")
    options = ["--format", "json", "--output", tmp_path / "report.%p"]
    result = run("unshare", "-pf", "--mount-proc", "sh", "-c", "ls / >/dev/null; exit 4", options=options)
    assert (result.returncode, result.stderr) == (4, "")
    reports = reports_in(tmp_path, 3)
    assert reports["report.1"]["command"][0] == "sh"
    assert all(name == f"report.{report['pid']}" for name, report in reports.items())


@pytest.mark.parametrize("proc", [[], ["--mount-proc"]], ids=["outer proc", "own proc"])
def test_command_runs_in_a_namespace_of_process_ids(proc, tmp_path):
    if execute(["unshare", "-pf", *proc, "true"]).returncode != 0:
        pytest.skip("namespaces are not to be had")
    words = ["unshare", "-pf", *proc, HEAPSTER, "run", "-f", "json"]
    script = "ls / >/dev/null; sleep 0.3; exit 4"
    for options in [], ["-o", tmp_path / "report.%p"]:
        result = execute([*words, *options, "--", "sh", "-c", script])
        assert result.returncode == 4
        assert bool(result.stderr) == (not options)
    assert json.loads(execute([*words, "--", "true"]).stderr)["command"] == ["true"]
    names = sorted(report["command"][0] for report in reports_in(tmp_path, 3).values())
    assert names == ["ls", "sh", "sleep"]


def test_daemon_reports_itself_after_the_command_was_killed(tmp_path):
    script = "(sleep 0.1; exit 3) & echo ready; wait; exit 5"
    with started("-f", "json", "-o", tmp_path / "report.%p", "--", "sh", "-c", script) as process:
        process.kill()
        process.communicate(timeout=30)
    reports = reports_in(tmp_path, 2)
    assert {"sleep", "sh"} >= {report["command"][0] for report in reports.values()}


def test_processes_without_a_report_are_named_among_those_that_have_one(tmp_path):
    script = "perl -e 'kill 9, $$'; env -i /bin/echo kept; exit 2"
    result = run("bash", "-c", script, options=["--output", tmp_path / "report.%p"])
    assert (result.returncode, result.stdout) == (2, "kept\n")
    assert re.search(r"no report from process \d+: perl ended by a signal, or by a system call", result.stderr)
    assert re.search(r"no report from process \d+: env became /bin/echo by exec, without heapster's", result.stderr)
    assert len([path for path in tmp_path.glob("report.*") if path.read_text()]) == 1
    result = run("bash", "-c", "for i in 1 2 3 4 5 6 7; do perl -e 'kill 9, $$'; done", options=["-o", tmp_path / "%p"])
    assert "no report from 2 more processes\n" in result.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_descriptors_that_are_closed_stay_closed_for_the_program(closed, tmp_path):
    listing = "for i in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$i ] && echo $i; done"
    found = []
    for prefix in "", f"{HEAPSTER} run -o report -f json -- ":
        execute(["sh", "-c", f"{prefix}sh -c '({listing}) >list' {closed}"], cwd=tmp_path)
        found.append((tmp_path / "list").read_text())
    assert found[0] == found[1]
    assert json.loads((tmp_path / "report").read_text())["command"][0] == "sh"


# Last words.


def test_killed_program_leaves_its_last_figures_with_their_time():
    script = "select undef, undef, undef, 1; kill 9, $$"  # a busy machine needs that long for a first snapshot
    before = time.time()
    result = run("perl", "-e", script, options=["--every", "0.01", "--format", "json"])
    assert result.returncode == -signal.SIGKILL
    report = json.loads(result.stderr)
    assert report["killed_by"] == "SIGKILL" and before < report["snapshot_time"] <= time.time()
    assert report["total"]["alloc_count"] > 0
    text = run("perl", "-e", script, options=["--every", "0.01"])
    assert_report(text.stderr, "perl")
    assert re.search(r"perl was killed by SIGKILL: standard error holds the last snapshot, of \d{4}-", text.stderr)


def test_killed_process_among_others_leaves_its_last_figures(tmp_path):
    script = f"perl -e 'select undef, undef, undef, 0.01 until -s \"{tmp_path}/report.$$\"; kill 9, $$'; exit 2"
    options = ["--every", "0.01", "-f", "json", "--output", tmp_path / "report.%p"]
    result = run("bash", "-c", script, options=options)
    assert result.returncode == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("heapster: ")]
    words = r"process (\d+): perl ended by a signal, or .*: (\S+) holds the last snapshot, of \d{4}-"
    pid, path = re.search(words, line).groups()
    with open(path) as file:
        report = json.load(file)
    assert report["pid"] == int(pid) and report["snapshot_time"] > 0 and report["total"]["alloc_count"] > 0


def test_there_is_no_thread_without_every():
    script = 'opendir D, "/proc/self/task"; print scalar(grep /\\d/, readdir D)'
    assert run("perl", "-e", script).stdout == "1"
    assert run("perl", "-e", script, options=["--every", "5"]).stdout == "2"


def assert_laws(report):
    total, heaps = report["total"], report["heaps"].values()
    assert total["alloc_count"] == sum(total["alloc_histogram"])
    assert total["realloc_growth_count"] == sum(total["realloc_growth_histogram"])
    assert total["realloc_shrink_count"] == sum(total["realloc_shrink_histogram"])
    for name in "alloc_count", "alloc_sum", "dealloc_count", "realloc_move_count", "realloc_growth_sum":
        assert total[name] == sum(heap[name] for heap in heaps), name


def kill_at_random(path, seed):
    """A program of eight threads is killed; what is left is whole, or nothing."""
    command = [HEAPSTER, "run", "--every", "0.001", "-f", "json", "-o", path, "--"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, PROGRAMS / "churns"], **pipes) as run:
        assert run.stdout.readline() == "ready\n"
        (children,) = [open(f"/proc/{run.pid}/task/{run.pid}/children").read().split()]
        time.sleep(random.Random(seed).uniform(0, 0.02))
        os.kill(int(children[0]), signal.SIGKILL)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert_one_line(errors, "churns was killed by SIGKILL")
    text = path.read_text()
    if text:
        report = json.loads(text)
        assert report["killed_by"] == "SIGKILL" and report["pid"] == int(children[0])
        assert_laws(report)
    return bool(text)


@pytest.mark.parametrize("kills", [40, pytest.param(1000, marks=pytest.mark.long)])
def test_kills_at_random_moments_leave_whole_reports(kills, tmp_path):
    left = sum(kill_at_random(tmp_path / "report", seed) for seed in range(kills))
    assert left > kills // 2
    assert list(tmp_path.glob("report*")) == [tmp_path / "report"]


# What a terminal obeys, and line breaks of other kinds.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]")


@pytest.mark.parametrize("end", ["return", "kill", "spin"])
@pytest.mark.parametrize("count", [1, 10, 1000])
def test_garbage_over_the_page_neither_stops_nor_deceives_the_command(end, count, tmp_path):
    wanted = -signal.SIGKILL if end == "kill" else 4
    for seed in range(1 if end == "spin" else 8):
        options = ["--every", "0.002"] if end == "spin" else []
        result = run(PROGRAMS / "vandal", count, seed, end, options=options)
        assert result.returncode == wanted
        assert not OBEYED.search(result.stderr), result.stderr
        options = ["--format", "json", "--output", tmp_path / "report.%p"]
        result = run(PROGRAMS / "vandal", count, seed, end, options=options)
        assert result.returncode == wanted
        for path in tmp_path.glob("report.*"):
            assert not path.read_text() or json.loads(path.read_text(errors="strict"))
            path.unlink()


def test_program_without_its_environment_and_proc_ends_as_ever():
    script = r"""
        for my $name (keys %ENV) { $ENV{$name} = "\e[31m/proc/1/fd/0" }
        delete $ENV{LD_PRELOAD};
        exec { '/bin/true' } 'true';
    """
    result = run("perl", "-e", script)
    assert result.returncode == 0
    assert_one_line(result.stderr, MISSING, "perl became /bin/true by exec, without heapster's library in LD_PRELOAD")


# Names.


def test_names_reach_the_terminal_printable(tmp_path):
    name = "na\x1b]0;owned\x07\u202e\x9bme\nalloc_count: 99"
    os.symlink("/bin/sh", tmp_path / name)
    shown = r"na\x1b]0;owned\a\u202e\u009bme\nalloc_count: 99"
    ended = run(f"./{name}", "-c", "exit 0", cwd=tmp_path)
    assert ended.stderr.startswith(f"heapster: {shown} (pid ")
    killed = run(f"./{name}", "-c", "kill -9 $$", cwd=tmp_path)
    assert_one_line(killed.stderr, f"no report: {shown} was killed")
    assert_one_line(run(f"./{name}.not", cwd=tmp_path).stderr, f"cannot run ./{shown}.not: ")
    missing = run("true", options=["--output", f"no/{name}"], cwd=tmp_path)
    assert_one_line(missing.stderr, f"cannot write no/{shown}: ")


def test_command_of_a_report_is_whole(tmp_path):
    words = ["x" * 100_000, *(str(number) for number in range(20_000))]
    for name in "one", "report.%p":
        run("/bin/echo", *words, options=["--format", "json", "--output", tmp_path / name])
    for path in tmp_path.glob("[or]*"):
        if path.name != "private":
            assert json.loads(path.read_text())["command"] == ["/bin/echo", *words]

