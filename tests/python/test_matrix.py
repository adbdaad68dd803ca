"""The table that ./dev matrix keeps: each Debian's rows under its own heading, and what was left out named."""

import pytest
from matrix import BEGIN, COLUMNS, END, SWIGS, read_rows, with_row

EMPTY = f"before\n{BEGIN}{END}\nafter\n"
TWELVE = "Debian GNU/Linux 12 (bookworm), gcc 12.2.0, CMake 3.25.1, valgrind-3.19.0"
TESTING = "Debian GNU/Linux forky/sid, gcc 16.2.0, CMake 4.3.4, valgrind-3.27.1"
CPYTHON, LUA = "CPython 3.13.0", "Lua 5.4.4"


def add(text, of, swig, target, tried="2026-01-01"):
    return with_row(text, of, (swig, target), [tried, *("ok" for _ in COLUMNS)])


def rows_of(text):
    return {of: list(rows) for of, rows in read_rows(text).items()}


@pytest.mark.parametrize("other", [TESTING, "Linux, gcc 16.2.0, CMake 4.3.4, valgrind-3.27.1"])
def test_rows_of_a_system_stand_under_its_own_heading(other):
    text = add(add(EMPTY, other, "4.5.1", "Lua 5.4.9"), TWELVE, "4.5.1", LUA)
    assert rows_of(text) == {TWELVE: [("4.5.1", LUA)], other: [("4.5.1", "Lua 5.4.9")]}
    assert text.startswith(f"before\n{BEGIN}{TWELVE}:\n\n| SWIG | for | tried | ") and text.endswith(f"{END}\nafter\n")
    assert text.index(TWELVE) < text.index(other)


def test_a_row_replaces_that_of_the_same_minor_versions():
    text = add(add(EMPTY, TWELVE, "4.5.1", CPYTHON), TWELVE, "4.5.2", "CPython 3.13.1", "2026-02-02")
    assert rows_of(text) == {TWELVE: [("4.5.2", "CPython 3.13.1")]} and "2026-01-01" not in text
    assert with_row(text, TWELVE, ("4.5.2", "CPython 3.13.1"), ["2026-02-02", *("ok" for _ in COLUMNS)]) == text


def test_a_row_by_newer_tools_leaves_the_others_with_the_tools_they_were_tried_by():
    newer = TESTING.replace("16.2.0", "16.3.0")
    text = add(add(EMPTY, TESTING, "4.5.1", CPYTHON), TESTING, "4.5.1", LUA)
    text = add(text, newer, "4.5.1", CPYTHON)
    assert rows_of(text) == {TESTING: [("4.5.1", LUA)], newer: [("4.5.1", CPYTHON)]}
    assert rows_of(add(text, newer, "4.5.1", LUA)) == {newer: [("4.5.1", CPYTHON), ("4.5.1", LUA)]}


def test_rows_are_in_the_order_of_their_versions_and_those_without_the_gil_are_others():
    text = EMPTY
    keys = [("4.4.1", target) for target in ("CPython 3.9.2", CPYTHON, "CPython 3.13.15t", LUA)]
    keys.append(("4.5.1", CPYTHON))
    for swig, target in keys[::-1]:
        text = add(text, TWELVE, swig, target)
    assert rows_of(text) == {TWELVE: keys}


def test_swigs_that_an_interpreter_was_not_tried_with_are_named():
    text = add(add(EMPTY, TESTING, "4.5.1", "CPython 3.13.15t"), TESTING, "4.5.1", LUA)
    for swig in SWIGS:
        text = add(text, TESTING, f"{swig}.9", CPYTHON)
    named = [line for line in text.splitlines() if line.startswith("Left out")]
    assert named == ["Left out: SWIG 4.1, 4.2, 4.3, 4.4 for CPython 3.13.15t, Lua 5.4.4."]
    assert add(text, TESTING, "4.5.1", LUA) == text


def test_a_page_without_a_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match="there is no <!-- matrix"):
        add("text", TWELVE, "4.5.1", LUA)
