"""Every bad input is one clear error that names the offender, and leaks nothing."""

import os

import pytest

import heapster

S = heapster.stats()
WINDOW = heapster.measure(lambda: None)[1]
ENDED = heapster.measuring()
with ENDED:
    pass


def broken_limit():
    with heapster.limit(alloc_count=0):
        bytearray(1000)


def raising_block():
    with heapster.measuring():
        raise LookupError("attic")


CASES = [
    (lambda: heapster.stats("attic"), heapster.UnknownHeap, "attic"),
    (lambda: heapster.stats("mallco"), heapster.UnknownHeap, 'mallco"; did you mean "malloc"'),
    (lambda: heapster.stats("lua"), heapster.NotCounting, "lua"),
    (lambda: heapster.stats(3), TypeError, "int"),
    (lambda: heapster.stats("a\0b"), ValueError, "null"),
    (lambda: heapster.stats("\ud800"), ValueError, "surrogates"),
    (lambda: heapster.stats(name="malloc"), TypeError, ""),
    (lambda: heapster.heap(None), TypeError, "None"),
    (lambda: heapster.heap("attic"), heapster.UnknownHeap, "attic"),
    (lambda: heapster.heap(), TypeError, "argument"),
    (lambda: heapster.hook("attic"), ValueError, "attic"),
    (lambda: heapster.hook(None), TypeError, "None"),
    (lambda: heapster.unhook("attic"), ValueError, "attic"),
    (lambda: heapster.unhook("malloc"), RuntimeError, "preload"),
    (lambda: heapster.report("attic"), TypeError, "report"),
    (lambda: heapster.frame(1), TypeError, "frame"),
    (lambda: heapster.frames("attic"), heapster.UnknownHeap, "attic"),
    (lambda: heapster.frames("lua"), heapster.NotCounting, "lua"),
    (lambda: heapster.frames(3), TypeError, "int"),
    (lambda: heapster.frames(None, 1), TypeError, "argument"),
    (lambda: heapster.frames()[256], IndexError, "no such frame: "),
    (lambda: heapster.explain(list, "abc")[1][7], IndexError, "no such site: there is 1"),
    (lambda: heapster.frames()["last"], TypeError, "str"),
    (lambda: heapster.frames().wrost, AttributeError, "wrost"),
    (lambda: setattr(heapster.frames(), "last", 1), AttributeError, "last"),
    (lambda: heapster.Frame(), TypeError, "Frame"),
    (lambda: heapster.measure(), TypeError, "function"),
    (lambda: heapster.measure(3), TypeError, "int"),
    (lambda: heapster.measure(None), TypeError, "NoneType"),
    (lambda: heapster.measure(len), TypeError, "len"),
    (lambda: heapster.measure(int, "x"), ValueError, "'x'"),
    (lambda: heapster.measure(len, scope="cpu"), ValueError, "cpu"),
    (lambda: heapster.measure(len, scope=None), TypeError, "None"),
    (lambda: heapster.measure(len, heap="attic"), heapster.UnknownHeap, "attic"),
    (lambda: heapster.measure(len, heap=1.5), TypeError, "float"),
    (lambda: heapster.measure(len, repeat=0), ValueError, "repeat"),
    (lambda: heapster.measure(len, repeat=2**80), ValueError, "repeat"),
    (lambda: heapster.measure(len, warmup=-1), ValueError, "warmup"),
    (lambda: heapster.measure(len, warmup=True), TypeError, "warmup"),
    (lambda: heapster.measure(len, gc="off"), ValueError, "off"),
    (lambda: heapster.measure(len, gc=0), TypeError, "gc"),
    (lambda: heapster.measuring(3), TypeError, "int"),
    (lambda: heapster.measuring("attic").__enter__(), heapster.UnknownHeap, "attic"),
    (lambda: heapster.measuring(attic=1), TypeError, "attic"),
    (lambda: heapster.measuring(None, heap=None), TypeError, "heap"),
    (lambda: heapster.measuring(None, "process", 1), TypeError, "3 given"),
    (lambda: heapster.measuring()(1), TypeError, "with"),
    (lambda: heapster.measuring().diff, RuntimeError, "diff"),
    (lambda: heapster.measuring().__exit__(None, None, None), RuntimeError, "not open"),
    (lambda: ENDED.__exit__(None, None, None), RuntimeError, "ended"),
    (lambda: ENDED.__enter__(), RuntimeError, "ended"),
    (raising_block, LookupError, "attic"),
    (lambda: heapster.limit(), TypeError, "alloc_count=10"),
    (lambda: heapster.limit(3), TypeError, "keyword"),
    (lambda: heapster.limit(scope="thread"), TypeError, "needs a limit"),
    (lambda: heapster.limit(attic=1), TypeError, "attic.*alloc_count"),
    (lambda: heapster.limit(use_curr=1), ValueError, "use_curr.*use_change"),
    (lambda: heapster.limit(alloc_count=None), TypeError, "alloc_count"),
    (lambda: heapster.limit(alloc_count=1.5), TypeError, "float"),
    (lambda: heapster.limit(alloc_count=True), TypeError, "bool"),
    (lambda: heapster.limit(alloc_count="1 MiB"), TypeError, "alloc_count"),
    (lambda: heapster.limit(alloc_count=-1), ValueError, "-1"),
    (lambda: heapster.limit(alloc_count=2**64), ValueError, "64 bits"),
    (lambda: heapster.limit(alloc_count=(1, 2, 3)), TypeError, "tuple"),
    (lambda: heapster.limit(alloc_count=(3, 2)), ValueError, "least"),
    (lambda: heapster.limit(alloc_count=(None, None)), ValueError, "limits nothing"),
    (lambda: heapster.limit(use_peak="1 XiB"), ValueError, "1 XiB"),
    (lambda: heapster.limit(alloc_count=1)(3), TypeError, "function"),
    (broken_limit, heapster.LimitExceeded, "alloc_count"),
    (lambda: S - 3, TypeError, "Stats"),
    (lambda: 3 - S, TypeError, "Stats"),
    (lambda: S - WINDOW, ValueError, "snapshot and a diff"),
    (lambda: S.attic, AttributeError, "attic"),
    (lambda: setattr(S, "alloc_count", 1), AttributeError, "alloc_count"),
    (lambda: delattr(S, "alloc_count"), AttributeError, "alloc_count"),
    (lambda: S.alloc_histogram["x"], TypeError, "str"),
    (lambda: S.alloc_histogram[64], IndexError, "63"),
    (lambda: S.alloc_histogram.quantile("x"), TypeError, "str"),
    (lambda: S.alloc_histogram.quantile(1.5), ValueError, "1.5"),
    (lambda: S.alloc_histogram.quantile(float("nan")), ValueError, "nan"),
    (lambda: S.alloc_histogram - S, TypeError, "Histogram"),
    (lambda: heapster.Stats(), TypeError, "Stats"),
]

ROUNDS = int(os.environ.get("HEAPSTER_ERROR_ROUNDS", "100000"))
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * PAGE


def repeat(call, expected, times):
    for _ in range(times):
        try:
            call()
        except expected:
            pass


@pytest.mark.parametrize("case", range(len(CASES)))
def test_an_error_has_its_kind_and_names_the_offender(case):
    call, expected, words = CASES[case]
    with pytest.raises(expected, match=f"(?s){words}") as caught:
        call()
    assert caught.type is expected or expected is ValueError
    assert heapster.status().windows_open == 0


@pytest.mark.parametrize("case", range(len(CASES)))
def test_an_error_leaks_nothing_in_many_rounds(case):
    call, expected, _ = CASES[case]
    repeat(call, expected, ROUNDS // 50)
    before, alive = resident(), heapster.stats("malloc").live_count
    repeat(call, expected, ROUNDS)
    assert resident() - before < 1 << 20
    assert heapster.stats("malloc").live_count - alive < ROUNDS // 100


@pytest.mark.parametrize("call", [heapster.stats, heapster.status, heapster.report, lambda: heapster.measure(len, ())])
def test_good_calls_leak_nothing_either(call):
    repeat(call, (), ROUNDS // 50)
    before = resident()
    repeat(call, (), ROUNDS // 10)
    assert resident() - before < 1 << 20
