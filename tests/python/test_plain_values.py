"""Values from plain ones, and to limits: dicts, JSON, lists, integers of other types, sizes, pickles, reports."""

import json
import re

import pytest

import heapster


class Integer:
    """What of numpy.int64 matters here."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def work():
    kept = [bytes(1000) for _ in range(10)]
    kept.append(bytearray(5000))
    return kept


@pytest.fixture
def figures():
    before = heapster.stats()
    diff = heapster.measure(work)[1]
    return {"snapshot": heapster.stats(), "diff": heapster.stats() - before, "window": diff}


# --- Stats.from_dict, Stats.from_json ---


@pytest.mark.parametrize("kind", ["snapshot", "diff", "window"])
def test_a_stats_comes_back_from_its_dict_and_its_json(figures, kind):
    stats = figures[kind]
    for other in (heapster.Stats.from_dict(stats.as_dict()), heapster.Stats.from_json(stats.to_json())):
        assert type(other) is heapster.Stats
        assert other == stats and hash(other) == hash(stats) and other.to_json() == stats.to_json()


def test_it_subtracts_like_the_one_it_came_from(figures):
    after = figures["snapshot"]
    before = heapster.Stats.from_json(after.to_json())
    assert (after - before).alloc_count == 0
    assert (heapster.Stats.from_json(heapster.stats().to_json()) - before).alloc_count > 0


def test_a_figure_that_a_dict_does_not_have_is_0(figures):
    values = figures["window"].as_dict()
    del values["use_peak_error"], values["lua_kinds"], values["alloc_avg"]
    assert heapster.Stats.from_dict(values) == figures["window"]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"kind": "moment"}, "kind"),
        ({"scope": None}, "scope"),
        ({"alloc_cuont": 1}, "alloc_cuont"),
        ({"alloc_count": -1}, "alloc_count"),
        ({"alloc_count": 2**64}, "alloc_count"),
        ({"alloc_count": 1.5}, "alloc_count"),
        ({"alloc_count": True}, "alloc_count"),
        ({"alloc_count": 3}, "alloc_histogram"),
        ({"alloc_histogram": [0] * 63}, "64 counts"),
        ({"live_change": "1"}, "live_change"),
        ({"lua_kinds": {"tables": 1}}, "lua_kinds"),
    ],
)
def test_what_is_no_stats_is_refused(figures, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        heapster.Stats.from_dict({**figures["window"].as_dict(), **change})


def test_other_texts_and_types_are_refused():
    for text in ("", "[]", "{}", "1", heapster.json()):
        with pytest.raises(ValueError):
            heapster.Stats.from_json(text)
    for value in (None, [], "text"):
        with pytest.raises(TypeError):
            heapster.Stats.from_dict(value)
    for value in (None, 5):
        with pytest.raises(TypeError):
            heapster.Stats.from_json(value)


# --- Histogram(buckets) ---


def test_a_histogram_is_made_of_64_counts(figures):
    histogram = figures["window"].alloc_histogram
    assert heapster.Histogram(list(histogram)) == heapster.Histogram(buckets=tuple(histogram)) == histogram
    sizes = heapster.Histogram([0] * 6 + [3] + [0] * 57)
    assert sizes.total() == 3 and sizes[6] == 3 and 64 <= sizes.quantile(0.5) < 128
    assert (sizes - sizes).is_empty()


@pytest.mark.parametrize("buckets", [[], [0] * 63, [0] * 65, [-1] + [0] * 63, [2**64] + [0] * 63])
def test_other_counts_are_refused(buckets):
    with pytest.raises(ValueError):
        heapster.Histogram(buckets)


@pytest.mark.parametrize("buckets", [5, None, ["0"] * 64, [True] * 64, [1.0] * 64])
def test_other_types_are_refused(buckets):
    with pytest.raises(TypeError):
        heapster.Histogram(buckets)
    with pytest.raises(TypeError):
        heapster.Histogram()


# --- limits ---


def test_integers_of_other_types_are_limits_and_counts():
    limit = heapster.limit(alloc_count=Integer(10), use_change=(Integer(-5), Integer(5)))
    assert repr(limit) == "<Limit alloc_count <= 10, -5 <= use_change <= 5>"
    heapster.measure(list, warmup=Integer(1), repeat=Integer(2))
    assert heapster.size_text(Integer(1024)) == "1 KiB"
    with pytest.raises(ValueError, match="never negative"):
        heapster.limit(alloc_count=Integer(-1))
    with pytest.raises(ValueError, match="64 bits"):
        heapster.limit(alloc_count=Integer(2**63))
    for value in (1.0, True, "5", [5]):
        with pytest.raises(TypeError):
            heapster.limit(alloc_count=value)


def test_sizes_may_be_negative_where_figures_are():
    assert repr(heapster.limit(use_change=("-1 KiB", "1 KiB"))) == "<Limit -1024 <= use_change <= 1024>"
    assert repr(heapster.limit(use_change="-1.5 KiB")) == "<Limit use_change <= -1536>"
    with pytest.raises(ValueError, match="use_peak: '-1 KiB' is no limit: the figure is never negative"):
        heapster.limit(use_peak="-1 KiB")
    for text in ("--1", "- 1 KiB", "-", "-KiB", "+1 KiB"):
        with pytest.raises(ValueError, match="not a size"):
            heapster.limit(use_change=text)


# --- pickles and reports ---


def test_a_pickle_of_another_length_is_told_from_one_of_another_version():
    for value in (heapster.stats(), heapster.stats().alloc_histogram):
        restore, (version, data) = value.__reduce__()
        with pytest.raises(ValueError, match=f"has {len(data)} bytes here; these are {len(data) - 8}"):
            restore(version, data[:-8])
        with pytest.raises(ValueError, match="pickled by heapster 0.0.0; this is"):
            restore("0.0.0", data)


@pytest.mark.parametrize("kind", ["diff", "window"])
def test_a_report_of_a_difference_says_which_figures_are_absolute(figures, kind):
    text = str(figures[kind])
    assert re.search(r"^use_curr \(now\): ", text, re.MULTILINE)
    assert re.search(r"^use_max \(rise of the record\): ", text, re.MULTILINE)
    assert "use_curr (now)" in figures[kind]._repr_html_()
    assert re.search(r"^use_curr: .*\nuse_max: ", str(figures["snapshot"]), re.MULTILINE)
    assert json.loads(figures[kind].to_json())["use_curr"] == figures[kind].use_curr


def test_counts_are_read_from_a_copy_that_nobody_changes():
    class Clears:
        def __index__(self):
            counts.clear()
            kinds.clear()
            return 3

    counts, kinds = [Clears(), *range(1, 64)], {}
    assert heapster.Histogram(counts)[63] == 63 and counts == []
    counts = [Clears(), *range(1, 64)]
    values = {**heapster.stats().as_dict(), "alloc_histogram": counts, "alloc_count": 3 + sum(range(1, 64))}
    assert heapster.Stats.from_dict(values).alloc_histogram[0] == 3
    kinds = {name: {"count": Clears(), "sum": 1} for name in "strings tables functions userdata threads other".split()}
    assert heapster.Stats.from_dict({**heapster.stats().as_dict(), "lua_kinds": kinds}).lua_kinds.tables.count == 3
