"""python -m heapster."""

import os
import signal
import subprocess
import sys

import pytest

import heapster
from heapster import __main__, baseline_file, command, selftest
from heapster.baseline import FIGURES, Entry


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "heapster", *arguments], capture_output=True, text=True, check=False)


def test_version_names_heapster_and_python(capsys):
    assert __main__.main(["version"]) == 0
    assert capsys.readouterr().out.startswith(f"heapster {heapster.__version__}, CPython {sys.version_info[0]}.")


def test_status_is_that_of_a_python_program(capsys):
    assert __main__.main(["status"]) == 0
    assert "malloc: preload" in capsys.readouterr().out


def test_run_becomes_the_command():
    done = run("run", "--output", "/dev/stdout", "--", "sh", "-c", "exit 5")
    assert done.returncode == 5
    assert done.stdout.startswith("heapster: sh (pid ")


@pytest.mark.parametrize("arguments", [[], ["walk"], ["version", "--quick"]], ids=str)
def test_a_wrong_argument_is_named_with_status_2(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "usage: python -m heapster" in done.stderr and "error: " in done.stderr


def write_baseline(path):
    baseline_file.write(path, {"here": {"test_it": Entry(dict.fromkeys(FIGURES, 1), {})}})
    return path


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["status"], ["selftest", "--quick"], ["baseline", "--help"],
                                       ["baseline", "diff", "made.json", "made.json"]], ids=" ".join)  # fmt: skip
def test_a_reader_that_has_gone_ends_it_quietly_as_sigpipe_would(arguments, tmp_path):
    write_baseline(tmp_path / "made.json")
    reading, writing = os.pipe()
    os.close(reading)
    command_line = [sys.executable, "-m", "heapster", *arguments]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # argparse drops errors
    done = subprocess.run(command_line, cwd=tmp_path, env=buffered, stdout=writing, stderr=subprocess.PIPE, text=True,
                          check=False)  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_without_standard_output_it_ends_well():
    done = subprocess.run(["sh", "-c", f"{sys.executable} -m heapster version >&-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_command_run_says_so_with_status_127(monkeypatch, capsys):
    monkeypatch.setattr(heapster, "__path__", ["/nowhere/heapster"])
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit, match="127"):
        __main__.main(["run", "true"])
    assert "nor on PATH" in capsys.readouterr().err


def test_the_command_of_an_editable_installation_lies_in_the_second_folder(monkeypatch, tmp_path):
    installed = tmp_path / "site-packages/heapster/bin/heapster"
    installed.parent.mkdir(parents=True)
    installed.write_bytes(b"\x7fELF")
    installed.chmod(0o755)
    folders = [tmp_path / "source/python/heapster", tmp_path / "site-packages/heapster"]
    monkeypatch.setattr(heapster, "__path__", list(map(str, folders)))
    assert command.find() == str(installed)


def test_the_script_of_pip_is_not_taken_for_the_command(monkeypatch, tmp_path):
    (tmp_path / "heapster").write_text("#!/usr/bin/python3\n", encoding="utf-8")
    (tmp_path / "heapster").chmod(0o755)
    monkeypatch.setattr(heapster, "__path__", ["/nowhere/heapster"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.find() is None


def test_selftest_proves_both_hooks():
    done = run("selftest", "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if "counts: 20,000 requests made and seen" in line][0].startswith("python")
    assert [line.split(",")[0] for line in lines if " thread" in line] == ["python", "python", "malloc", "malloc"]


def test_selftest_fails_where_a_hook_does_not_count(monkeypatch, capsys):
    monkeypatch.setattr(selftest, "_environment", lambda hooks: {**__import__("os").environ, "HEAPSTER_HOOKS": "none"})
    assert selftest.run(is_quick=True) == 1
    assert "python" in capsys.readouterr().out


def test_selftest_says_why_a_process_gave_no_figures(monkeypatch, capsys):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert selftest.run(is_quick=True) == 1
    assert "its process ended with status 1: no word" in capsys.readouterr().out
