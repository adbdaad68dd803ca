"""Bad input to explain: each has a clear answer, and none ends the process or what is explained."""

import gc
import json
import os
import subprocess
import sys
import threading
import weakref

import pytest
from builds import HAS_NO_GIL
from test_explain import check_sum, make

import heapster

pytestmark = pytest.mark.skipif(HAS_NO_GIL, reason="without the GIL lines are not captured yet")


def test_code_without_a_file_is_named_as_it_is():
    code = compile("kept = [[i] for i in range(40)]\n", "<no file>", "exec")
    diff = heapster.measure(exec, code, {}, heap="python", explain=True)[1]
    first = check_sum(diff)[0]
    assert first.file == "<no file>" and first.line == 1
    diff = heapster.measure(lambda: [[i] for i in range(40)], heap="python", explain=True)[1]
    assert "<lambda>" in check_sum(diff)[0].function or "<listcomp>" in diff.sites[0].function


def test_source_that_is_gone_is_no_matter(tmp_path):
    path = tmp_path / "gone.py"
    path.write_text("def f():\n    return [[i] for i in range(40)]\n", encoding="utf-8")
    names = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    path.unlink()
    sites = heapster.explain(names["f"], heap="python")[1]
    assert (sites[0].file, sites[0].line) == (str(path), 2) and f"{path}:2 in " in str(sites)


def test_a_name_that_cannot_be_encoded_is_escaped():
    code = compile("kept = [[i] for i in range(40)]", "<\udc80\u4e2d>", "exec")
    sites = heapster.explain(exec, code, {}, heap="python")[1]
    assert sites[0].file == "<\udc80\u4e2d>" and "<\\udc80\u4e2d>:1 in" in str(sites)
    assert json.loads(sites.to_json())["sites"][0]["file"] == sites[0].file


def run_code_once():
    names = {}
    exec(compile("def f(a):\n  return [[a], (a, 1.5)]\nf(1)\n", "<dies>", "exec"), names)


def test_code_that_dies_meanwhile_leaves_the_figures_as_they_are():
    """Kept code would look like a leak, and what it holds is what CPython uses again instead of requesting memory."""

    def run():
        for _ in range(20):
            run_code_once()

    for gc_option in ("stop", "quick"):
        run()
        plain = [heapster.measure(run, heap="python", gc=gc_option)[1] for _ in range(3)][2]
        diff = heapster.measure(run, heap="python", gc=gc_option, explain=True)[1]
        check_sum(diff)
        for name in ("alloc_count", "alloc_sum", "dealloc_count", "live_change", "use_change"):
            assert getattr(diff, name) == getattr(plain, name), name
    with heapster.limit(live_change=0, use_change=0, heap="python", explain=True):
        run()
    with heapster.measuring("python", gc="stop", explain=True) as m:
        run()
    assert m.diff.live_change == 0 and not any(site.live_count for site in m.sites)
    assert "<dies>" in {site.file for site in m.sites}


def test_code_at_the_address_of_dead_code_is_another_line():
    def run():
        for i in range(200):  # alike but for the line
            exec(compile("\n" * (i % 7) + "x = [[1], [2]]\n", "<same>", "exec"), {})

    sites = check_sum(heapster.measure(run, heap="python", explain=True)[1])
    found = {site.line: site.alloc_count for site in sites if site.file == "<same>"}
    assert set(found) == set(range(1, 8)) and min(found.values()) >= 28 * 3, found


def test_code_that_dies_meanwhile_is_named_all_the_same():
    dead = []

    def run_code(i):
        names = {}
        exec(compile(f"def f{i}():\n    return [[]]\nf{i}()\n", f"<code {i}>", "exec"), names)
        dead.append(weakref.ref(names[f"f{i}"].__code__))

    def run():
        for i in range(300):
            run_code(i)

    diff = heapster.measure(run, heap="python", explain=True)[1]
    files = {site.file for site in check_sum(diff)}
    assert {f"<code {i}>" for i in range(300)} <= files
    gc.collect()
    assert not any(ref() for ref in dead), "nothing keeps it afterwards"


def test_more_lines_than_there_is_room_for_are_elsewhere():
    source = "kept = []\n" + "\n".join(f"kept.append([{i}, kept])" for i in range(6000))
    code = compile(source, "<many>", "exec")
    diff = heapster.measure(exec, code, {}, heap="python", explain=True)[1]
    sites = check_sum(diff)
    last = sites[len(sites) - 1]
    assert last.file is None and last.line is None and last.alloc_count >= 1500
    assert 3000 <= len(sites) <= 4097
    words = str(sites).splitlines()
    assert words[-2].endswith("  elsewhere") and " elsewhere" in words[-1]
    after = check_sum(heapster.measure(make, 3, heap="python", explain=True)[1])
    assert after[0].file == make.__code__.co_filename, "no other is"


def test_a_debuggers_trace_is_no_matter():
    lines = []

    def trace(frame, event, arg):
        lines.append((frame.f_lineno, [event]))
        return trace

    def run():
        sys.settrace(trace)
        make(10)
        sys.settrace(None)

    run()
    diff = heapster.measure(run, heap="python", explain=True)[1]
    functions = {site.function.rpartition(".")[2] for site in check_sum(diff)}
    assert {"make", "trace"} <= functions and lines


def test_one_is_explained_at_a_time():
    def inner():
        with pytest.raises(RuntimeError, match="cannot explain: another explanation"):
            heapster.explain(make, 3)
        return heapster.measure(make, 3, heap="python")[1]

    inside, diff = heapster.measure(inner, heap="python", explain=True)
    check_sum(diff)
    assert inside.sites is None and inside.alloc_count >= 3
    with heapster.explaining("python") as e:
        found = []
        thread = threading.Thread(target=lambda: found.append(pytest.raises(RuntimeError, heapster.explain, make, 3)))
        thread.start()
        thread.join()
    assert found and check_sum(e.diff, is_alone=False)
    assert heapster.explain(make, 3)[0], "it ended"


def test_a_manager_that_is_dropped_ends_its_explanation():
    e = heapster.explaining()
    e.__enter__()
    with pytest.raises(RuntimeError, match="another explanation"):
        heapster.explain(make, 3)
    del e
    heapster.explain(make, 3)


def test_wrong_options_are_refused_before_anything_begins():
    with pytest.raises(TypeError, match="explain must be True or False"):
        heapster.measure(make, 3, explain=1)
    with pytest.raises(heapster.UnknownHeap):
        heapster.explain(make, 3, heap="no such heap")
    with pytest.raises(TypeError, match="explain\\(\\) needs a function"):
        heapster.explain()
    with pytest.raises(TypeError, match="explaining\\(\\) got an unexpected keyword argument 'repeat'"):
        heapster.explaining(repeat=2)
    heapster.explain(make, 3)


def in_thread(function):
    """What the function returned or raised in a thread of its own."""
    found = []

    def run():
        try:
            found.append(function())
        except RuntimeError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_a_window_of_another_thread_goes_on_until_its_own_ends_it():
    e = heapster.explaining("python", scope="thread")
    e.__enter__()
    kept = make(10)
    error = in_thread(lambda: e.__exit__(None, None, None))
    assert "can only be ended by the thread that began it" in str(error)
    kept += make(10)
    assert e.__exit__(None, None, None) is False and len(kept) == 20
    assert sum(site.alloc_count for site in check_sum(e.diff) if site.function == "make") >= 20


def test_a_window_of_the_process_may_end_in_another_thread():
    e = heapster.explaining("python")
    e.__enter__()
    make(10)
    assert in_thread(lambda: e.__exit__(None, None, None)) is False
    assert "make" in {site.function for site in check_sum(e.diff, is_alone=False)}


def test_a_window_of_a_thread_that_has_ended_is_over_when_it_is_dropped():
    e = in_thread(lambda: heapster.explaining("python", scope="thread").__enter__())
    with pytest.raises(RuntimeError, match="can only be ended by the thread that began it"):
        e.__exit__(None, None, None)
    with pytest.raises(RuntimeError, match="another explanation"):
        heapster.explain(make, 3)
    del e
    assert heapster.explain(make, 3)[1]


def test_what_is_no_function_and_what_raises():
    for wrong in (None, 3, "make"):
        with pytest.raises(TypeError, match="explain\\(\\) needs a function to call, not"):
            heapster.explain(wrong)
    with pytest.raises(ZeroDivisionError):
        heapster.explain(lambda: 1 / 0)
    with pytest.raises(TypeError, match="argument"):
        heapster.explain(make)
    assert heapster.explain(make, 3)[1]


def test_source_that_has_changed_is_not_read(tmp_path):
    path = tmp_path / "changing.py"
    path.write_text("def f():\n    return [[i] for i in range(40)]\n", encoding="utf-8")
    names = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    path.write_text("# another line\n" * 10, encoding="utf-8")
    first = heapster.explain(names["f"], heap="python")[1][0]
    assert (first.file, first.line) == (str(path), 2)


def test_a_file_name_may_have_any_character():
    for name in ("a\0b", "", "\U0001f40d.py", "\xe9", "<\udcff>"):
        code = compile("kept = [[i] for i in range(40)]", "<x>", "exec")
        if not hasattr(code, "replace"):
            pytest.skip("CPython 3.8 and newer")
        listed = [each.replace(co_filename=name) if hasattr(each, "co_code") else each for each in code.co_consts]
        renamed = code.replace(co_filename=name, co_consts=tuple(listed))
        sites = check_sum(heapster.measure(exec, renamed, {}, heap="python", explain=True)[1])
        assert sites[0].file == name.replace("\0", "?") and json.loads(sites.to_json()), name
        str(sites).encode()


def test_under_heapster_run_that_explains_the_process_is_explained_already():
    script = """
import heapster
try:
    heapster.explain(list, [1])
except RuntimeError as error:
    print(error)
print(heapster.measure(list, [1])[1].sites)
"""
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    command = [os.environ["HEAPSTER_BUILD"] + "/bin/heapster", "run", "--explain=3", "--", sys.executable, "-c", script]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=True)
    assert done.stdout == "cannot explain: another explanation is running in this process; only one can\nNone\n"
    assert " explained" in done.stderr
