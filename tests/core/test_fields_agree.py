"""Every figure of core/src/value/field.h is in each place that lists the figures by hand, in the way that its row says.

A test that fails names the file and the figures that it lacks. How to add a figure is in core/README.md.
"""

import json
import re

import pytest
from fields import FIELDS, ROOT, shown_if_verbose
from run_support import run

COUNTED = {field.name.removesuffix("_count") for field in FIELDS if field.name.endswith("_count")}


def text_of(path, begin, end):
    """What stands between the two, each of which is there."""
    _, found, text = (ROOT / path).read_text("utf-8").partition(begin)
    text, found_end, _ = text.partition(end)
    assert found and found_end, f"{path} has no {begin!r}, or no {end!r} after it"
    return text


def in_stubs():
    text = text_of("python/heapster/_heapster.pyi", "\nclass Stats(", "\n@final")
    return {name: bool(none) for name, none in re.findall(r"def (\w+)\(self\) -> int( \| None)?: \.\.\.", text)}


def in_annotations():
    text = text_of("lua/library/heapster.lua", "---@class heapster.Stats\n", "---@operator")
    return {name: bool(mark) for name, mark in re.findall(r"---@field (\w+) integer(\?)?(?=\s)", text)}


@pytest.mark.parametrize(("path", "read"), [
    ("python/heapster/_heapster.pyi", in_stubs),
    ("lua/library/heapster.lua", in_annotations),
])  # fmt: skip
def test_types_of_each_language_have_every_figure_and_say_which_may_be_nothing(path, read):
    found = read()
    missing = [field.name for field in FIELDS if field.name not in found]
    assert not missing, f"{path}, class Stats: add {missing}"
    wrong = [field.name for field in FIELDS if found[field.name] != field.is_optional]
    assert not wrong, f"{path}, class Stats: optional and not optional are mixed up in {wrong}"


def test_python_has_an_attribute_for_every_figure():
    path = "bindings/python/tables.h"
    found = set(re.findall(r"ATTRIBUTE\(Stats, (\w+),", (ROOT / path).read_text("utf-8")))
    missing = [field.name for field in FIELDS if field.name not in found]
    assert not missing, f"{path}, stats_attributes: add {missing}"


def test_scripts_get_nothing_for_a_figure_without_a_meaning():
    path = "bindings/heapster.i"
    found = set(re.findall(r"u?int64_t \w+", text_of(path, "%apply uint64_t FIGURE {", "}")))
    expected = {f"{'int64_t' if field.difference == 'CHANGE' else 'uint64_t'} {field.name}"
                for field in FIELDS if field.is_optional}  # fmt: skip
    assert found == expected, f"{path}, %apply uint64_t FIGURE: add {expected - found}, remove {found - expected}"


@pytest.mark.parametrize(("path", "begin", "end"), [
    ("core/cli/heapster.1", ", \" \\-\\-verbose\n", "\n.TP"),
    ("core/include/heapster/report.h", "The same with", "*/"),
])  # fmt: skip
def test_descriptions_of_verbose_name_what_it_adds_beside_the_sums_of_counts(path, begin, end):
    words = re.findall(r"\w+", text_of(path, begin, end))
    missing = [name for name in shown_if_verbose()
               if name not in words and name.removesuffix("_sum") not in COUNTED]  # fmt: skip
    assert not missing, f"{path}, what --verbose adds: name {missing}"


@pytest.mark.parametrize("path", [
    "core/cli/options.c", "core/cli/completions/_heapster", "core/cli/completions/heapster.fish"])  # fmt: skip
def test_short_descriptions_of_verbose_name_what_it_adds_beside_sums_and_totals(path):
    line = next(line for line in (ROOT / path).read_text("utf-8").splitlines() if "sums" in line and "verbose" in line)
    missing = [name for name in shown_if_verbose() if not name.endswith("_sum") and name not in line]
    assert not missing, f"{path}, what --verbose adds: name {missing}"


def test_the_rows_read_here_are_the_figures_of_the_library():
    total = json.loads(run("true", options=["--format", "json"]).stderr)["total"]
    others = ("kind", "scope", "lua_kinds")
    assert [field.name for field in FIELDS] == [
        name for name in total if name not in others and not name.endswith("_histogram")]  # fmt: skip
