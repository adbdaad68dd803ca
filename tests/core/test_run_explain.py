"""`heapster run --explain`: which callers asked most, named, and that every request is explained."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys

import pytest
from run_support import HEAPSTER, PROGRAMS, assert_one_line, execute, run

SUMMARY = re.compile(r"^callers that asked most: (\d+) of (\d+); ([\d,]+) of ([\d,]+) allocs and growths explained$", re.M)


def explain(*program, number="", **others):
    """The document of a program, explained."""
    result = run(*program, options=[f"--explain{number}", "--format=json", "--output=/dev/stdout"], **others)
    return json.loads(result.stdout[result.stdout.index('{"heapster"') :])


def assert_whole(document):
    """All requests are explained, and where all sites are shown they add up."""
    total, explained = document["total"], document["explained"]
    for name, figure in explained.items():
        assert figure == total[name], name
        if document["site_count"] == len(document["sites"]):
            assert sum(site[name] for site in document["sites"]) == figure, name
    for site in document["sites"]:  # threads that start or end count elsewhere, in no histogram
        assert sum(site["alloc_histogram"]) == site["alloc_count"] or site["kind"] == "elsewhere"


def test_callers_have_their_figures_and_their_names():
    document = explain(PROGRAMS / "exact")
    assert_whole(document)
    malloc, realloc = document["sites"]
    assert [site["function"] for site in document["sites"]] == ["main", "main"]
    assert malloc["alloc_count"] == 1000 and malloc["alloc_sum"] == 100_000 and malloc["alloc_histogram"][6] == 1000
    assert malloc["live_count"] == 500 and malloc["live_sum"] == 200 * 5000 + 300 * 100  # resized blocks stay its own
    assert realloc["realloc_growth_count"] == 200 and realloc["realloc_growth_sum"] == 200 * 4900
    assert malloc["file"] == str(PROGRAMS / "exact") and malloc["offset"] != realloc["offset"]


@pytest.mark.skipif(not shutil.which("addr2line"), reason="addr2line is not installed")
def test_callers_have_source_lines_where_there_is_debug_information():
    malloc, realloc = explain(PROGRAMS / "exact")["sites"]
    assert malloc["source"].endswith("programs/exact.c") and malloc["line"] == 6 and realloc["line"] == 8


def test_callers_of_a_stripped_program_have_its_name_and_an_offset(tmp_path):
    shutil.copy(PROGRAMS / "exact", tmp_path / "bare")
    subprocess.run(["strip", tmp_path / "bare"], check=True)
    text = run(tmp_path / "bare", options=["--explain"]).stderr
    assert re.search(r"^ 1,000 .*  bare\+0x[0-9a-f]+$", text, re.M), text


def test_every_new_is_explained_by_its_caller():
    document = explain(PROGRAMS / "exact_new", number="=100")
    assert_whole(document)
    assert document["sites"][0]["alloc_count"] == 1000
    assert sum(site["file"] == str(PROGRAMS / "exact_new") for site in document["sites"]) >= 10


def test_text_has_as_many_callers_as_were_asked_for():
    result = run("ls", "/", options=["--explain=3"])
    shown, every, explained, counted = SUMMARY.search(result.stderr).groups()
    assert shown == "3" and int(every) > 3 and explained == counted
    assert len(result.stderr[SUMMARY.search(result.stderr).end() :].strip().split("\n")) == 1 + 3


def test_without_the_option_there_are_no_callers():
    assert "callers" not in run(PROGRAMS / "exact").stderr
    assert "HEAPSTER_EXPLAIN" not in run("env").stdout


def test_programs_end_as_without_it():
    for program in (["false"], ["sh", "-c", "kill -TERM $$"], [PROGRAMS / "ends_twice"]):
        assert run(*program, options=["--explain"]).returncode == run(*program).returncode


@pytest.mark.parametrize("way", ["return", "_exit"])
def test_a_sandboxed_program_is_explained(way):
    if execute([PROGRAMS / "sandboxes", "kill", way]).returncode == 77:
        pytest.skip("no seccomp here")
    document = explain(PROGRAMS / "sandboxes", "kill", way)
    assert_whole(document)
    assert document["sites"][0]["alloc_count"] == 1000


def test_a_small_stack_is_enough():
    result = run(PROGRAMS / "small_stack", PROGRAMS / "allocates", options=["--explain"])
    assert result.returncode == 3 and SUMMARY.search(result.stderr)


def test_threads_and_forks_are_explained_as_a_whole(tmp_path):
    threads = "import threading as t; a = [t.Thread(target=lambda: [bytes(i) for i in range(5000)]) for _ in range(8)]"
    assert_whole(explain(sys.executable, "-c", f"{threads}; [each.start() for each in a]; [each.join() for each in a]"))
    run(PROGRAMS / "forks", options=["--explain", "--format=json", f"--output={tmp_path}/%p"])
    documents = [json.loads(file.read_text()) for file in tmp_path.glob("[0-9]*")]
    assert len(documents) > 1
    for document in documents:
        assert_whole(document)


def test_a_snapshot_has_callers_too(tmp_path):
    command = [HEAPSTER, "run", "--explain", "--every=0.05", "--", "timeout", "-s", "KILL", "0.5", "perl", "-e",
               "my @x; push @x, 'a' x 100 while 1"]  # fmt: skip
    assert SUMMARY.search(execute(command).stderr)


@pytest.mark.parametrize("number", ["0", "101", "-1", "ten", "", "1e1", "99999999999999999999"])
def test_a_number_that_is_none_is_refused(number):
    result = execute([HEAPSTER, "run", f"--explain={number}", "--", "true"])
    assert result.returncode == 125
    assert_one_line(result.stderr, "--explain", "1 to 100")


def test_prometheus_has_no_callers():
    result = execute([HEAPSTER, "run", "--explain", "--format=prometheus", "--", "true"])
    assert result.returncode == 125
    assert_one_line(result.stderr, "--explain", "prometheus")


def frames_of(site):
    return [frame["function"] for frame in site["frames"]]


def test_a_wrapper_is_one_caller_and_with_depth_as_many_as_call_it():
    (wrapper,) = explain(PROGRAMS / "wrapped")["sites"]
    assert (wrapper["function"], wrapper["alloc_count"], wrapper["alloc_sum"]) == ("xmalloc", 500, 7000)
    document = explain(PROGRAMS / "wrapped", number="=10,depth=2")
    assert_whole(document)
    textures, sounds = document["sites"]
    assert (textures["function"], frames_of(textures), textures["alloc_count"]) == ("xmalloc", ["load_textures"], 300)
    assert (sounds["function"], frames_of(sounds), sounds["alloc_count"]) == ("xmalloc", ["load_sounds"], 200)
    assert textures["offset"] == sounds["offset"]
    assert document["depth"] == 2 and document["unstacked_count"] == 0 and "depth_problem" not in document


def test_frames_are_below_their_caller_in_text():
    text = run(PROGRAMS / "wrapped", options=["--explain=10,depth=3"]).stderr
    lines = text[SUMMARY.search(text).end() :].strip("\n").split("\n")[1:]
    column = lines[0].index("xmalloc")
    assert [line[column:].split(" (")[0] for line in lines] == [
        "xmalloc", "  by load_textures", "  by main", "xmalloc", "  by load_sounds", "  by main"]  # fmt: skip
    assert all(not line[:column].strip() for line in lines if " by " in line)


@pytest.mark.skipif(not shutil.which("addr2line"), reason="addr2line is not installed")
def test_frames_have_source_lines():
    textures = explain(PROGRAMS / "wrapped", number="=1,depth=3")["sites"][0]
    assert all(frame["source"].endswith("programs/wrapped.c") and frame["line"] for frame in textures["frames"])
    assert all(frame["file"] == str(PROGRAMS / "wrapped") for frame in textures["frames"])


def test_depth_1_is_callers_alone():
    document = explain(PROGRAMS / "wrapped", number="=10,depth=1")
    assert len(document["sites"]) == 1 and "frames" not in document["sites"][0] and "depth" not in document


@pytest.mark.parametrize("depth", [2, 9, 16])
def test_a_deep_recursion_is_cut_at_the_depth(depth):
    document = explain(PROGRAMS / "wrapped", "1000", number=f"=10,depth={depth}")
    assert_whole(document)
    assert [frames_of(site) for site in document["sites"]] == [["descend"] * (depth - 1)]


def test_unwinding_requests_nothing_of_the_program():
    for program in (["ls", "/"], [PROGRAMS / "exact_new"], ["sort", "/etc/passwd"]):
        callers, frames = explain(*program), explain(*program, number="=100,depth=16")
        assert callers["total"]["alloc_histogram"] == frames["total"]["alloc_histogram"], program
        assert callers["total"]["dealloc_count"] == frames["total"]["dealloc_count"], program
        assert_whole(frames)


def test_stacks_without_room_are_at_their_caller():
    document = explain(PROGRAMS / "stacks", "8192", number="=100,depth=16")
    assert_whole(document)
    first = document["sites"][0]
    assert (first["kind"], first["function"], first["frames"]) == ("c", "request", [])
    assert first["alloc_count"] == document["unstacked_count"] == 8192 - 3072
    assert document["site_count"] == 3072 + 1
    text = run(PROGRAMS / "stacks", "8192", options=["--explain=1,depth=16"]).stderr
    assert "5,120 requests are at the caller alone: there are more than 3,072 stacks" in text


def test_threads_have_the_same_stacks():
    document = explain(PROGRAMS / "wrapped", "threads", number="=100,depth=3")
    assert_whole(document)
    counts = {tuple(frames_of(site)): site["alloc_count"] for site in document["sites"]}
    assert counts["load_textures", "load"] == 1200 and counts["load_sounds", "load"] == 800


def test_the_child_of_a_fork_has_frames(tmp_path):
    run(PROGRAMS / "wrapped", "fork", options=["--explain=10,depth=2", "--format=json", f"--output={tmp_path}/%p"])
    documents = [json.loads(file.read_text()) for file in tmp_path.glob("[0-9]*")]
    assert len(documents) == 2
    for document in documents:
        assert_whole(document)
        assert [frames_of(site) for site in document["sites"]] == [["load_textures"], ["load_sounds"]]


def find_library(name):
    """The path of a library of this processor's, or None."""
    kind = {"x86_64": "x86-64", "aarch64": "AArch64"}.get(platform.machine(), "")
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^\s+{re.escape(name)} \(libc6,{kind}.* => (\S+)$", listing, re.M)
    return found and found[1]


def test_libraries_come_and_go_in_another_thread(tmp_path):
    libraries = [path for name in ("libz.so.1", "libexpat.so.1", "libstdc++.so.6") if (path := find_library(name))]
    options = ["--explain=100,depth=16", "--format=json", f"--output={tmp_path}/report"]
    assert run(PROGRAMS / "reloads", *libraries, options=options).returncode == 0
    document = json.loads((tmp_path / "report").read_text())
    assert_whole(document)
    deep = max(document["sites"], key=lambda site: site["alloc_count"])
    assert frames_of(deep)[:10] == ["descend"] * 10


def test_a_small_stack_is_enough_for_frames():
    result = run(PROGRAMS / "small_stack", PROGRAMS / "allocates", options=["--explain=10,depth=16"])
    assert result.returncode == 3 and SUMMARY.search(result.stderr)


@pytest.mark.parametrize("way", ["return", "_exit"])
def test_a_sandboxed_program_has_frames(way):
    if execute([PROGRAMS / "sandboxes", "kill", way]).returncode == 77:
        pytest.skip("no seccomp here")
    document = explain(PROGRAMS / "sandboxes", "kill", way, number="=10,depth=4")
    assert_whole(document)
    assert document["sites"][0]["frames"]


def test_an_interpreter_has_frames():
    document = explain(sys.executable, "-c", "import json; json.dumps(list(range(1000)))", number="=100,depth=16")
    assert_whole(document)
    assert any(len(site["frames"]) == 15 for site in document["sites"])


@pytest.mark.parametrize("value", [
    "10,depth=0", "10,depth=17", "10,depth=x", "10,depth=", "10,depth", ",depth=3", "depth=3", "10,depth=3,depth=3",
    "10,depth=-1", "10,depth=+2", "10, depth=2", "0,depth=2", "10,depth=99999999999999999999",
])  # fmt: skip
def test_a_depth_that_is_none_is_refused(value):
    result = execute([HEAPSTER, "run", f"--explain={value}", "--", "true"])
    assert result.returncode == 125
    assert_one_line(result.stderr, f"'{value}'", "1 to 16")


def pretend_libgcc(folder, library):
    """The environment in which the unwinder's library is that file, or an empty one for None."""
    target = folder / "libgcc_s.so.1"
    shutil.copy(library, target) if library else target.touch()
    return {**os.environ, "LD_LIBRARY_PATH": str(folder)}


@pytest.mark.parametrize("library, problem", [("libz.so.1", "of gcc 12 or newer"), (None, "cannot be loaded")])
def test_without_an_unwinder_a_line_says_so_and_the_program_runs(tmp_path, library, problem):
    found = library and find_library(library)
    if library and not found:
        pytest.skip(f"{library} is not installed")
    env = pretend_libgcc(tmp_path, found)
    report = tmp_path / "report"
    result = run(PROGRAMS / "wrapped", options=["--explain=10,depth=3", f"--output={report}"], env=env)
    assert result.returncode == 0
    assert_one_line(result.stderr, "no frames above the callers", problem)
    assert problem in report.read_text() and " by " not in report.read_text()
    document = explain(PROGRAMS / "wrapped", number="=10,depth=3", env=env)
    assert_whole(document)
    assert problem in document["depth_problem"] and document["sites"][0]["frames"] == []
    assert document["total"]["alloc_count"] == 500 and document["total"]["unseen_alloc_count"] == 0


def test_frames_that_a_program_registers_itself_hold_no_request_up():
    result = run(PROGRAMS / "registers_frames", options=["--explain=10,depth=8"])
    assert result.returncode == 0 and SUMMARY.search(result.stderr)


def test_signal_handlers_request_in_the_middle_of_unwinding(tmp_path):
    options = ["--explain=100,depth=16", "--format=json", f"--output={tmp_path}/report"]
    result = run(PROGRAMS / "interrupted", options=options)
    assert result.returncode == 0
    document = json.loads((tmp_path / "report").read_text())
    assert_whole(document)
    handler = [site for site in document["sites"] if site["function"] == "handle"]
    first = document["sites"][0]
    assert (first["function"], first["alloc_count"]) == ("descend", 49999)  # one more is from another line of main
    assert document["total"]["alloc_count"] == 50000 + int(result.stdout) + 1  # the buffer of standard output
    assert any(len(site["frames"]) == 15 for site in handler)
