"""Programs that fork, daemonize, spawn and exec under the command: everybody's counts go on, and everybody reports."""

import json
import signal
import time

import pytest
from run_support import PROGRAMS, run


def reports_of(folder, count):
    """As many reports; the last may come after the command has ended, from a program that left it."""
    deadline = time.monotonic() + 30
    while len(paths := [path for path in folder.glob("report.*") if path.read_text().endswith("}\n")]) < count:
        assert time.monotonic() < deadline, paths
        time.sleep(0.02)
    return [json.loads(path.read_text()) for path in paths]


def run_with_reports(folder, *program):
    return run(*program, options=["--format", "json", "--output", folder / "report.%p"])


def assert_laws(report):
    for figures in (report["total"], report["heaps"]["malloc"]):
        assert figures["alloc_count"] == sum(figures["alloc_histogram"])
        assert figures["total_alloc_sum"] - figures["total_dealloc_sum"] == figures["use_curr"]
        assert figures["alloc_count"] - figures["dealloc_count"] == figures["live_count"]


def test_workers_of_a_server_with_threads_count_on_and_report(tmp_path):
    ended = run_with_reports(tmp_path, PROGRAMS / "serves")
    assert ended.returncode == 6, ended
    reports = reports_of(tmp_path, 21)
    assert len({report["pid"] for report in reports}) == len(reports) == 21
    for report in reports:
        assert report["total"]["alloc_histogram"][6] >= 2000
    (server,) = [report for report in reports if report["pid"] == min(each["pid"] for each in reports)]
    assert_laws(server)


def test_daemon_that_closes_all_descriptors_reports(tmp_path):
    assert run_with_reports(tmp_path, PROGRAMS / "daemonizes").returncode == 0
    peaks = [report["total"]["use_max"] for report in reports_of(tmp_path, 3)]
    assert sum(peak >= 1 << 20 for peak in peaks) == 1


def test_parent_that_daemon_ends_inside_the_c_library_reports_and_so_does_the_daemon(tmp_path):
    ended = run_with_reports(tmp_path, PROGRAMS / "calls_daemon")
    assert (ended.returncode, ended.stderr) == (0, "")
    peaks = sorted(report["total"]["use_max"] for report in reports_of(tmp_path, 2))
    assert peaks[0] < 1 << 20 <= peaks[1]


def test_report_of_a_program_that_calls_daemon_is_the_parent_s(tmp_path):
    ended = run(PROGRAMS / "calls_daemon", options=["--format", "json", "--output", tmp_path / "report"])
    assert (ended.returncode, ended.stderr) == (0, "")
    total = json.loads((tmp_path / "report").read_text())["total"]
    assert total["alloc_histogram"][9] == 1
    assert total["alloc_histogram"][20] == 0


def test_program_that_could_not_become_a_daemon_goes_on_and_its_report_has_not_ended():
    killed = run(PROGRAMS / "calls_daemon", "fails", options=["--format", "json"])
    assert killed.returncode == -signal.SIGKILL
    assert "no report: calls_daemon was killed by SIGKILL" in killed.stderr
    report = json.loads(run(PROGRAMS / "calls_daemon", "fails", options=["-f", "json", "--every", "0.01"]).stderr)
    assert report["killed_by"] == "SIGKILL"
    assert report["total"]["alloc_histogram"][20] == 1


@pytest.mark.parametrize("arguments", [(), ("again",)])
@pytest.mark.parametrize("every", ["0.01", "3000"])
def test_process_with_snapshots_ends_with_the_last_thread_of_the_program(every, arguments):
    ended = run(PROGRAMS / "first_thread_leaves", *arguments, options=["--every", every, "--format", "json"])
    assert (ended.returncode, ended.stdout) == (0, "destructor\nexit handler\n")
    report = json.loads(ended.stderr)
    assert "killed_by" not in report
    assert report["total"]["alloc_histogram"][6] == 1 + len(arguments)


def test_report_of_a_daemon_without_a_umask_is_not_for_others_to_write(tmp_path):
    script = "umask 000; setsid sh -c 'sleep 0.5; exit 3' >/dev/null 2>&1 & exit 0"
    assert run_with_reports(tmp_path, "sh", "-c", script).returncode == 0
    reports_of(tmp_path, 3)
    assert all(path.stat().st_mode & 0o022 == 0 for path in tmp_path.glob("report.*"))


def test_spawned_program_and_its_parent_report(tmp_path):
    ended = run_with_reports(tmp_path, PROGRAMS / "spawns", PROGRAMS / "allocates")
    assert ended.returncode == 3
    child, parent = sorted(reports_of(tmp_path, 2), key=lambda report: report["total"]["use_max"])
    assert child["total"]["alloc_count"] == 1000
    assert parent["total"]["use_max"] >= 2 << 20
    assert_laws(child)


@pytest.mark.parametrize("links", [1, 5])
def test_only_the_last_program_of_an_exec_chain_reports(tmp_path, links):
    chain = [word for _ in range(links) for word in ("env", "A=b")]
    ended = run_with_reports(tmp_path, *chain, PROGRAMS / "allocates")
    assert ended.returncode == 3
    (report,) = reports_of(tmp_path, 1)
    assert report["total"]["alloc_count"] == 1000
