"""The twin of tests/lua/test_bad_input.lua: the same bad inputs in the same order. Each is an error that names the
offender, and none leaves a window open."""

import re

import pytest

import heapster


@pytest.fixture
def stats(heap):
    return heapster.stats(heap.name)


def nothing():
    pass


def refused(words, expected, function, *arguments, **keywords):
    with pytest.raises(expected, match=re.escape(words)):
        function(*arguments, **keywords)
    assert heapster.status().windows_open == 0


def limit(**limits):
    with heapster.limit(**limits):
        pass


def test_unknown_heap_is_named_with_those_there_are(heap):
    refused('no heap is called "mallco"; did you mean "malloc"? There is malloc, ', heapster.UnknownHeap,
            heapster.stats, "mallco")
    refused('no heap is called ""', heapster.UnknownHeap, heapster.stats, "")
    refused('no heap is called "attic"; there is malloc, ', heapster.UnknownHeap, heapster.heap, "attic")
    refused('"attic"', heapster.UnknownHeap, heapster.measure, nothing, heap="attic")
    refused('"attic"', heapster.UnknownHeap, limit, heap="attic", alloc_count=1)


def test_heap_whose_hook_is_off_says_why():
    refused('heap "lua" is not counted: its module is not loaded; heapster.status()', heapster.NotCounting,
            heapster.stats, "lua")


def test_heap_of_another_type_is_named():
    refused("heap must be None, a name or a heapster.Heap, not int", TypeError, heapster.stats, 3)
    refused("not None", TypeError, heapster.heap, None)
    refused("heap must be None, a name or a heapster.Heap, not int", TypeError, heapster.measuring, heap=3)


def test_name_with_a_null_character_is_refused():
    refused("'malloc\\x00' has a null character in it", ValueError, heapster.stats, "malloc\0")
    refused("null character", ValueError, heapster.hook, "python\0")
    refused("null character", ValueError, heapster.limit, use_peak="1 MiB\0")


def test_unknown_field_is_named(stats, heap):
    refused("no attribute 'alloc_cnt'", AttributeError, getattr, stats, "alloc_cnt")
    refused("no attribute 'attic'", AttributeError, getattr, stats, "attic")
    refused("no attribute 'nmae'", AttributeError, getattr, heapster.heap(heap.name), "nmae")
    refused("no attribute 'lua_wya'", AttributeError, getattr, heapster.status(), "lua_wya")


def test_field_cannot_be_set(stats, heap):
    refused("a heapster.Stats is read-only: cannot set 'alloc_count'", AttributeError, setattr, stats, "alloc_count", 1)
    refused("read-only", AttributeError, setattr, heapster.heap(heap.name), "name", 1)
    refused("read-only", AttributeError, setattr, heapster.status(), "lua_way", 1)


def test_unknown_option_is_named_with_those_there_are():
    refused("unexpected keyword argument 'attic'; it has heap, scope, gc, thread_peak, explain and root", TypeError, heapster.measuring, attic=1)


def test_scope_that_there_is_not_is_named():
    refused('scope must be "process" or "thread", not \'cpu\'', ValueError, heapster.measure, nothing, scope="cpu")
    refused("not False", TypeError, heapster.measuring, scope=False)


def test_count_of_runs_that_is_none_is_named():
    refused("repeat must be 1 or more, not 0", ValueError, heapster.measure, nothing, repeat=0)
    refused("warmup must be 0 or more, not -1", ValueError, heapster.measure, nothing, warmup=-1)
    refused("warmup must be an int, not bool", TypeError, heapster.measure, nothing, warmup=True)


def test_word_for_the_collector_that_there_is_not_is_named():
    refused('gc must be "leave", "stop" or "quick", not \'off\'', ValueError, heapster.measure, nothing, gc="off")
    refused("not 0", TypeError, heapster.measure, nothing, gc=0)


def test_measure_without_a_function_is_refused():
    refused("measure() needs a function to call: measure(fn, *args)", TypeError, heapster.measure)
    refused("not NoneType", TypeError, heapster.measure, None)
    refused("not int", TypeError, heapster.measure, 3)


def test_limit_without_a_function_says_how_it_is_called():
    refused("limit(alloc_count=10)", TypeError, heapster.limit)
    refused("limit(alloc_count=10)", TypeError, heapster.limit, 3)
    refused("limit() is for a with block, or decorates a function", TypeError, heapster.limit(alloc_count=1), 1, 2)
    refused("decorates a function", TypeError, heapster.limit(alloc_count=1), 3)


def test_limit_of_nothing_is_refused():
    refused("limit() needs a limit", TypeError, heapster.limit, scope="thread")
    refused("limit() needs a limit", TypeError, heapster.limit, explain=True)


def test_limit_on_an_unknown_field_is_named():
    refused('unknown field "alloc_cnt"; did you mean alloc_count?', TypeError, heapster.limit, alloc_cnt=1)
    refused('unknown field "attic"; fields: alloc_count', TypeError, heapster.limit, attic=1)


def test_limit_on_an_absolute_field_names_the_one_to_use():
    refused("use_curr has no meaning in a window; use use_change", ValueError, heapster.limit, use_curr=1)


def test_value_that_is_no_limit_is_named():
    refused("alloc_count must be an int", TypeError, heapster.limit, alloc_count=1.5)
    refused("not bool", TypeError, heapster.limit, alloc_count=True)
    refused("not str", TypeError, heapster.limit, alloc_count="1 MiB")
    refused("not a tuple of 3", TypeError, heapster.limit, alloc_count=(1, 2, 3))
    refused("not a tuple of 0", TypeError, heapster.limit, alloc_count=())
    refused("not tuple", TypeError, heapster.limit, alloc_count=((1, 2), 3))
    refused("alloc_count: -1 is no limit: the figure is never negative", ValueError, heapster.limit, alloc_count=-1)
    refused("alloc_count: (3, 2) allows nothing: the least stands first", ValueError, heapster.limit, alloc_count=(3, 2))


def test_size_that_is_none_is_named():
    refused("use_peak: '1 XiB' is not a size", ValueError, heapster.limit, use_peak="1 XiB")


def test_difference_with_another_type_is_refused(stats):
    refused("Stats", TypeError, lambda: stats - 3)
    refused("Stats", TypeError, lambda: 3 - stats)
    refused("a snapshot and a diff", ValueError, lambda: stats - (stats - stats))


def test_share_of_a_histogram_is_0_to_1(stats):
    refused("q must be 0 .. 1, not 1.5", ValueError, stats.alloc_histogram.quantile, 1.5)
    refused("str", TypeError, stats.alloc_histogram.quantile, "x")


def test_hook_that_there_is_not_is_named():
    refused('no hook is called "attic"; there are malloc, python and lua', ValueError, heapster.hook, "attic")
    refused('no hook is called "attic"', ValueError, heapster.unhook, "attic")
    refused("not NoneType", TypeError, heapster.hook, None)


def test_size_that_cannot_be_watched_is_named():
    for size in (100, 32767, "1 KiB"):
        refused("size must be 0 (off) or at least 32 KiB (32768)", ValueError, heapster.watch_large, size)
    refused("size must be 0 .. 2**64 - 1, not -5", ValueError, heapster.watch_large, -5)
    refused("not 18446744073709551616", ValueError, heapster.watch_large, 2**64)
    refused("size: 'big' is not a size such as", ValueError, heapster.watch_large, "big")
    for large in ("99999999999 GiB", "8388608TiB", "9223372036854775808", "8 EiB", "9.3EB"):
        refused(f"size: '{large}' is more than 2^63 - 1 bytes", ValueError, heapster.watch_large, large)
        refused(f"alloc_sum: '{large}' is more than 2^63 - 1 bytes", ValueError, heapster.limit, alloc_sum=large)
    refused("use_change: '-8 PiBs' is not a size such as", ValueError, heapster.limit, use_change=("-8 PiBs", 0))
    refused("use_change: '-8 EiB' is more than 2^63 - 1 bytes", ValueError, heapster.limit, use_change=("-8 EiB", 0))
    for wrong in ("99999999999 XiB", "99999999999.", ".9", "9.9.9 EiB", "9 EiB "):
        refused("not a size such as", ValueError, heapster.watch_large, wrong)
    refused("null character", ValueError, heapster.watch_large, "1 MiB\0")
    refused('size must be an int or a size such as "1 MiB", not NoneType', TypeError, heapster.watch_large, None)
    refused("not float", TypeError, heapster.watch_large, 1e6)
    refused("not bool", TypeError, heapster.watch_large, True)
    refused("keep must be True or False, not 'yes'", TypeError, heapster.watch_large, 1 << 20, keep="yes")
    refused("keeps", TypeError, heapster.watch_large, 1 << 20, keeps=True)
    refused("size", TypeError, heapster.watch_large)


def test_argument_too_many_is_refused(heap):
    refused("report", TypeError, heapster.report, 1)
    refused("stats", TypeError, heapster.stats, heap.name, 1)


def test_method_of_another_value_is_refused(heap):
    refused("Stats", TypeError, heapster.Stats.to_json, heapster.heap(heap.name))
    refused("NoneType", TypeError, heapster.Stats.to_json, None)
