"""The file of a baseline, read and written; and what python -m heapster baseline diff makes of two of them."""

import json
import random

import pytest

from heapster import __main__, baseline_file
from heapster.baseline import Entry, changes
from heapster.baseline_file import Unreadable

FINGERPRINT = "cpython-3.11 linux-x86_64 heapster-0.1.0 python"


def entry(count, sizes=None):
    sizes = {64: count} if sizes is None else sizes
    return Entry({"alloc_count": count, "alloc_sum": 64 * count, "realloc_growth_count": 0, "use_peak": 64}, sizes)


ENTRIES = {'test_é.py::test_x[a "b"\\]': entry(3), "test_a.py::test_x": entry(12, {0: 2, 64: 9, 1024: 1})}
BASELINE = {FINGERPRINT: ENTRIES, "another": {}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "heapster-baseline.json"


def test_what_is_written_is_read_back_and_json(path):
    baseline_file.write(path, BASELINE)
    assert baseline_file.read(path) == BASELINE
    assert json.loads(path.read_text(encoding="utf-8"))["heapster_baseline"] == 2


def test_the_order_of_measuring_does_not_show_and_each_has_a_line():
    text = baseline_file.text(BASELINE)
    shuffled = {key: dict(reversed(list(BASELINE[key].items()))) for key in reversed(list(BASELINE))}
    assert baseline_file.text(shuffled) == text
    assert len([line for line in text.splitlines() if "alloc_count" in line]) == len(ENTRIES)


def test_a_file_cut_anywhere_is_refused_with_its_place(path):
    whole = baseline_file.text(BASELINE).encode()
    for length in range(len(whole.rstrip())):
        path.write_bytes(whole[:length])
        with pytest.raises(Unreadable, match=r"heapster-baseline\.json(:\d+:\d+: not JSON|: not UTF-8 at byte)"):
            baseline_file.read(path)


def test_a_file_with_any_byte_changed_is_read_or_refused(path):
    dice = random.Random(6)
    whole = baseline_file.text(BASELINE).encode()
    for _ in range(3000):
        damaged = bytearray(whole)
        damaged[dice.randrange(len(whole))] = dice.choice(b'{}[]":,0-9.eE \n\\u\xff' + bytes([dice.randrange(256)]))
        path.write_bytes(damaged)
        try:
            baseline_file.read(path)
        except Unreadable as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)


REFUSED = {
    "[]": '1:1: not a baseline of heapster: it has no "heapster_baseline"',
    "{}": '1:1: not a baseline of heapster: it has no "heapster_baseline"',
    '{\n"heapster_baseline": 7}': "2:1: format 7 is of a newer heapster; this one reads 2",
    '{"heapster_baseline": "1"}': '1:2: there is no format "1"; this heapster reads up to 2',
    '{"heapster_baseline": true}': "1:2: there is no format true; this heapster reads up to 2",
    '{"heapster_baseline": 1,\n"f": 3}': '2:1: "f" is not an object of measurements',
    '{"heapster_baseline": 1,\n"f": {"t": 3}}': '2:7: "t" is not an object of figures',
    '{"heapster_baseline": 1, "f": {\n "t": {"alloc_count": -1}}}': '2:8: "alloc_count" is not a figure',
    '{"heapster_baseline": 1, "f": {\n "t": {"alloc_count": 1.5}}}': '2:8: "alloc_count" is not a figure',
    '{"heapster_baseline": 1, "f": {\n "t": {"alloc_count": 9223372036854775808}}}': '2:8: "alloc_count" is not a figure',
    '{"heapster_baseline": 1, "f": {"t": {"sizes": []}}}': '1:38: "sizes" is not an object of figures',
    '{"heapster_baseline": 1, "f": {"t": {"sizes": {"x": 1}}}}': '1:48: "x" is not a size in bytes',
    '{"heapster_baseline": 1, "f": {"t": {"sizes": {"18446744073709551616": 1}}}}':
        '1:48: "18446744073709551616" is not a size in bytes',
    '{"heapster_baseline": 1, "f": {"t": {},\n"t": {}}}': '2:1: "t" stands here a second time: keep one of the two',
    '{"heapster_baseline": 1,\n "f": {"t": {}},\n "g": {"t": {}, "u": {},\n "t": {}}}':
        '4:2: "t" stands here a second time: keep one of the two',
    "[" * 100_000: "1:1: not a baseline: nested too deep",
    "<<<<<<< HEAD\n{}": "1:1: a merge conflict: resolve it, or keep one side and update",
    '{"heapster_baseline": 1, "f": {\n"a": {},\n<<<<<<< HEAD\n"t": {},\n=======\n"u": {}\n>>>>>>> other\n}}':
        "3:1: a merge conflict: resolve it, or keep one side and update",
    '{"heapster_baseline": 1,\n"f": {"t': "2:7: not JSON at its end: was it cut short?",
    '{"heapster_baseline": 1, "f": {"t": {"sizes": {"064": 1}}}}': '1:48: "064" is not a size in bytes',
    '{"heapster_baseline": 1, "f": {"t": {"sizes": {"٣": 1}}}}': '1:48: "٣" is not a size in bytes',
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:60])
def test_what_is_no_baseline_is_refused_in_one_line_with_its_place(path, text):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable) as caught:
        baseline_file.read(path)
    assert str(caught.value) == f"{path}:{REFUSED[text]}"


def test_a_number_of_thousands_of_digits_is_refused(path):
    path.write_text('{"heapster_baseline": 1,\n"f": {"t": {"alloc_count": ' + "1" * 5000 + "}}}", encoding="utf-8")
    with pytest.raises(Unreadable, match=r":2:\d+: (not a baseline: a number has too many digits|.* is not a figure)$"):
        baseline_file.read(path)


def test_a_byte_order_mark_and_other_line_ends_change_nothing(path):
    path.write_bytes(b"\xef\xbb\xbf" + baseline_file.text(BASELINE).replace("\n", "\r\n").encode())
    assert baseline_file.read(path) == BASELINE


def test_a_name_that_is_no_utf8_is_written_and_read_back(path):
    baseline = {FINGERPRINT: {"test_\udcff.py::test_x": entry(3), "test_\\udcff.py::test_x": entry(4)}}
    baseline_file.write(path, baseline)
    assert baseline_file.read(path) == baseline


def test_figures_of_other_names_are_passed_over(path):
    path.write_text('{"heapster_baseline": 1, "f": {"t": {"alloc_count": 3, "later": 4}}}', encoding="utf-8")
    assert baseline_file.read(path) == {"f": {"t": Entry({"alloc_count": 3}, {})}}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    baseline_file.write(path, BASELINE)
    old = path.read_bytes()

    def refuse(*names):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(Unreadable, match="cannot be written: Operation not permitted"):
        baseline_file.write(path, {})
    assert path.read_bytes() == old and list(path.parent.iterdir()) == [path]


def test_a_link_is_followed_and_the_mode_is_kept(path):
    real = path.with_name("real.json")
    baseline_file.write(real, {})
    real.chmod(0o640)
    path.symlink_to(real)
    baseline_file.write(path, BASELINE)
    assert path.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert baseline_file.read(real) == BASELINE


def test_changes_are_those_of_measurements_in_both():
    found = changes({"a": entry(3), "b": entry(4), "c": entry(5)}, {"b": entry(4), "c": entry(7), "d": entry(1)})
    assert [(each.name, each.field, each.before, each.after) for each in found] == [
        ("c", "alloc_count", 5, 7), ("c", "alloc_sum", 320, 448)]  # fmt: skip
    assert found[0].sizes == [(64, 2)]


# --- python -m heapster baseline diff ---


@pytest.fixture
def diff(tmp_path, capsys):
    def run(before, after, *options):
        files = []
        for name, entries in (("before.json", before), ("after.json", after)):
            baseline_file.write(tmp_path / name, entries)
            files.append(str(tmp_path / name))
        status = __main__.main(["baseline", "diff", *files, *options])
        return status, capsys.readouterr().out

    return run


STATUSES = [
    ({"t": entry(3)}, {"t": entry(3)}, 0),
    ({"t": entry(3)}, {"t": entry(4)}, 2),
    ({"t": entry(3)}, {"t": entry(2)}, 4),
    ({"t": entry(3), "u": entry(3)}, {"t": entry(2), "u": entry(4)}, 2),
    ({"t": entry(3)}, {"t": entry(3), "u": entry(9)}, 0),
]


@pytest.mark.parametrize(("before", "after", "status"), STATUSES)
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_the_status_tells_a_regression_from_an_improvement(diff, before, after, status, form):
    assert diff({"f": before}, {"f": after}, "--format", form)[0] == status


def test_a_difference_is_told_in_three_forms(diff):
    two = ({"f": {"t|1": entry(3), "gone": entry(1)}, "old": {}}, {"f": {"t|1": entry(5), "new": entry(1)}})
    lines = diff(*two)[1].splitlines()
    assert lines == [
        "f: 2 changed, 1 added, 1 removed",
        "  t|1: alloc_count 3 -> 5 (+2: +2 in [64 B .. 128 B))",
        "  t|1: alloc_sum 192 B -> 320 B (+128 B)",
        "  added: new", "  removed: gone", "old: only in one of the files"]  # fmt: skip
    assert "| t\\|1 | alloc_count | 3 | 5 | +2 | +2 in [64 B .. 128 B) |" in diff(*two, "--format", "markdown")[1]
    found = json.loads(diff(*two, "--format", "json")[1])
    assert found["status"] == 2 and found["compared"]["f"]["changed"][0]["sizes"] == {"64": 2}


def test_nothing_to_compare_and_wrong_arguments_are_status_1(diff, tmp_path, capsys):
    assert diff({"f": {}}, {"g": {}})[0] == 1
    assert __main__.main(["baseline", "diff", str(tmp_path / "nowhere"), str(tmp_path / "nowhere")]) == 1
    assert "nowhere: there is no such file" in capsys.readouterr().err
    for wrong in (["diff"], ["diff", "a", "b", "--format", "xml"], ["undo"], []):
        with pytest.raises(SystemExit, match="^1$"):
            __main__.main(["baseline", *wrong])


def test_comparing_needs_no_pytest(plain):
    assert plain("import sys\nfrom heapster import baseline_diff\nprint('pytest' in sys.modules)\n").strip() == "False"
