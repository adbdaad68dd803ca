"""The law of sites over a random program: whatever it does, a window's requests are those at its sites and those under
way.

law_explain.py [requests [seed]]    so many requests, at least, are made while they are explained (1,000,000)

The program mixes what meets the hook at odd moments: generators, coroutines, __del__, callbacks from C, code
without a file that dies meanwhile, tracers and profilers, exceptions and deep recursion, threads that start and
end, subinterpreters, and more lines than there is room for. At its end no code object has a reference more than
before, and nothing leaks.
"""

import asyncio
import collections
import contextlib
import ctypes
import functools
import gc
import json
import os
import random
import re
import sys
import threading
import types
import weakref

import heapster

FIGURES = ("alloc_count", "alloc_sum", "realloc_growth_count", "realloc_growth_sum", "realloc_move_count",
           "realloc_move_sum")  # fmt: skip
THREADS = 3
MOST_SITES = 4096
REQUESTS_OF_A_PROGRAM = 10_000  # at least: with fewer programs the odd moments would not meet

try:
    import _interpreters as interpreters  # from CPython 3.13 on
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        interpreters = None


class Dying:
    """Makes objects when it dies, and once more lives on."""

    revived = []

    def __init__(self, rest):
        self.rest, self.itself = [rest], self

    def __del__(self):
        self.rest = [str(i) for i in range(3)]
        if len(Dying.revived) < 20:
            Dying.revived.append(self)


# --- what a program does: each takes dice ---


def run_generators(dice):
    def count(n):
        try:
            for i in range(n):
                yield {i: str(i)}
        finally:
            [[n]]

    def delegate(n):
        kept = yield from count(n)
        return [kept]

    abandoned = count(9)
    next(abandoned)
    del abandoned
    for _ in delegate(dice.randrange(40)):
        pass
    return sum(len(each) for each in (list(count(20)) for _ in range(5)))


def run_coroutines(dice):
    async def tick(n):
        await asyncio.sleep(0)
        return [n] * n

    async def stream(n):
        for i in range(n):
            yield await tick(i)

    async def main():
        async for each in stream(5):
            assert each is not None
        await asyncio.gather(*(tick(dice.randrange(9)) for _ in range(5)))

    asyncio.run(main())


def run_finalizers(dice):
    for i in range(dice.randrange(50)):
        Dying(i)
    Dying.revived.clear()
    kept = [Dying(i) for i in range(10)]
    refs = [weakref.ref(each, lambda ref: [ref]) for each in kept]
    del kept
    gc.collect(dice.randrange(3))
    return refs


def run_callbacks(dice):
    words = [str(dice.randrange(10**6)) for _ in range(60)]
    sorted(words, key=lambda word: [word[::-1]])
    sorted(words, key=functools.cmp_to_key(lambda a, b: len([a, b]) - len(a)))
    list(map(lambda word: {word: [word]}, words))
    list(filter(lambda word: [[word]], words))
    functools.reduce(lambda kept, word: [*kept, word][-9:], words, [])
    re.sub(r"\d", lambda match: match.group() * 2, " ".join(words))
    json.dumps({"a": [object() for _ in range(9)]}, default=lambda each: [repr(each)])
    collections.Counter(word[:1] for word in words)


LIBC = ctypes.CDLL(None)
WITH_GIL = ctypes.PyDLL(None)
COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
for library in (LIBC, WITH_GIL):
    library.malloc.restype = library.realloc.restype = ctypes.c_void_p
    library.malloc.argtypes, library.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
    library.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def run_ctypes(dice):
    numbers = (ctypes.c_int * 40)(*(dice.randrange(99) for _ in range(40)))
    LIBC.qsort(numbers, 40, 4, COMPARE(lambda a, b: [a[0]][0] - [b[0]][0]))
    for library in (LIBC, WITH_GIL):
        block = library.malloc(dice.randrange(1, 5000))
        library.free(library.realloc(block, dice.randrange(1, 50_000)))


def run_code_without_a_file(dice):
    """Code objects that die at once; an address may be another's soon."""
    refs = []
    for i in range(dice.randrange(1, 12)):
        names = {}
        name = dice.choice(["<string>", "", "<no file>", "/gone/away.py", "<\udc80>"])
        source = f"def f(a):\n  return [[a] for a in range(9)]\nx = [f(1), lambda: [{i}]]\nx[1]()"
        exec(compile(source, name, "exec"), names)
        refs.append(weakref.ref(names["f"].__code__))
        eval("[[each] for each in range(9)]", {})
    names.clear()
    return refs


def run_resizes(dice):
    kept = bytearray()
    for _ in range(30):
        kept += bytes(dice.randrange(400))
    rows = []
    for i in range(200):
        rows.append(i)
    del rows[3:]
    return "".join(str(i) for i in range(100))


def run_exceptions(dice):
    def fail(n):
        kept = [n]
        if not n:
            raise KeyError(str(kept))
        try:
            fail(n - 1)
        finally:
            kept.append([n])

    with contextlib.suppress(KeyError):
        fail(dice.randrange(60))
    with contextlib.suppress(RecursionError):
        endless([])


def endless(kept):
    return endless([kept])


def run_traced(dice):
    """Debuggers and profilers look at frames, and make objects while they do."""
    seen = []

    def trace(frame, event, arg):
        seen.append((frame.f_lineno, [event], len(frame.f_locals)))
        return trace if len(seen) % 5 else None

    for setter in (sys.settrace, sys.setprofile):
        setter(trace)
        try:
            run_generators(dice)
            run_callbacks(dice)
        finally:
            setter(None)
    del trace


def run_monitored(dice):
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return
    monitoring.use_tool_id(3, "law")
    seen = []
    monitoring.register_callback(3, monitoring.events.LINE, lambda code, line: seen.append([line]))
    monitoring.set_events(3, monitoring.events.LINE)
    try:
        run_generators(dice)
    finally:
        monitoring.set_events(3, 0)
        monitoring.register_callback(3, monitoring.events.LINE, None)
        monitoring.free_tool_id(3)


def run_frames(dice):
    frame = sys._getframe()
    kept = [[each.f_code.co_name, each.f_lineno] for each in iter_frames(frame)]
    del frame
    return kept


def iter_frames(frame):
    while frame:
        yield frame
        frame = frame.f_back


def run_threads(dice):
    seeds = [dice.randrange(10**9) for _ in range(THREADS)]
    threads = [threading.Thread(target=run_in_thread, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_in_thread(seed):
    dice = random.Random(seed)
    for _ in range(3):
        dice.choice([run_generators, run_callbacks, run_code_without_a_file, run_resizes, run_ctypes])(dice)


def run_interpreter(dice):
    number = interpreters.create()
    getattr(interpreters, "run_string", getattr(interpreters, "exec", None))(
        number, f"x = [[j] for j in range({dice.randrange(500)})]\nimport json\njson.dumps(x)\n"
    )
    interpreters.destroy(number)


def run_many_lines(dice):
    source = "\n".join(f"kept.append([{i}, kept])" for i in range(MOST_SITES + dice.randrange(500)))
    exec(compile(source, "<many>", "exec"), {"kept": []})


def run_explained(dice):
    """One is explained at a time: here, none or the program."""
    try:
        assert heapster.explain(list, [1])[0] == [1]
    except RuntimeError as error:
        assert "another explanation" in str(error), error


ALONE = [run_generators, run_coroutines, run_finalizers, run_callbacks, run_ctypes, run_code_without_a_file,
         run_resizes, run_exceptions, run_traced, run_monitored, run_frames, run_explained]  # fmt: skip
RARE = [run_threads, run_many_lines] + ([run_interpreter] if interpreters else [])


def run_program(dice, works):
    for work in works:
        work(dice)


# --- laws ---


def add_up(sites):
    return {name: sum(getattr(site, name) for site in sites) for name in FIGURES}


def law_a_window_is_its_sites_and_what_is_under_way(diff, is_alone, threads):
    """What other threads request between the begins of the window and of its explanation is in one of them only."""
    sites = diff.sites
    found, counted, under_way = add_up(sites), add_up([sites.counted]), add_up([sites.under_way])
    for name in FIGURES:
        assert found[name] + under_way[name] == counted[name], (name, found, under_way, counted)
        assert threads or counted[name] == getattr(diff, name), (name, counted, diff)
        assert not is_alone or not under_way[name], (name, under_way)
    requests = under_way["alloc_count"] + under_way["realloc_growth_count"]
    assert requests <= threads + (0 if is_alone else THREADS + 1), (under_way, threads)
    return counted["alloc_count"] + counted["realloc_growth_count"]


def law_a_site_is_whole(sites):
    assert len(sites) <= MOST_SITES + 1, len(sites)
    for site in sites:
        assert site.alloc_histogram.total() == site.alloc_count >= site.live_count, site
        assert site.file is not None or site.line is None, site
        assert site.line is None or site.line > 0, site
    str(sites), sites.to_json(), sites.by_live_count()


def list_codes():
    """The code objects of all functions, and those inside them."""
    codes, found = {}, [each.__code__ for each in gc.get_objects() if isinstance(each, types.FunctionType)]
    while found:
        code = found.pop()
        if id(code) not in codes:
            codes[id(code)] = code
            found += [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return list(codes.values())


def count_references(codes):
    gc.collect()
    gc.collect()
    return [sys.getrefcount(code) for code in codes]


def law_no_code_has_references_more(codes, before, found):
    for code, now, then in zip(codes, found, before):
        assert now == then, (code, f"{now} references, {then} before")


@contextlib.contextmanager
def busy(count):
    """So many threads that are at work when windows begin and end."""
    done = threading.Event()

    def work(seed):
        while not done.is_set():
            run_in_thread(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def explain_once(dice, works, is_alone, threads=0):
    """The requests that were explained."""
    options = dice.choice([{"heap": "python"}, {}, {"heap": "python", "scope": "thread"}, {"scope": "thread"}])
    if dice.randrange(2):
        options["root"] = dice.choice([os.path.dirname(os.path.abspath(__file__)), "/", "/nowhere"])
    if dice.randrange(4) == 0 and not threads:
        options["gc"] = "stop"
    diff = heapster.measure(run_program, dice, works, explain=True, **options)[1]
    is_alone = is_alone or options.get("scope") == "thread"
    found = law_a_window_is_its_sites_and_what_is_under_way(diff, is_alone, 0 if is_alone and not threads else threads)
    law_a_site_is_whole(diff.sites)
    return found


def explain_program(dice):
    works = dice.choices(ALONE, k=dice.randrange(1, 8))
    kind = dice.randrange(8)
    if kind == 0:
        return explain_once(dice, [*works, dice.choice(RARE)], is_alone=False)
    if kind == 1:
        with busy(THREADS):
            return sum(explain_once(dice, works, is_alone=False, threads=THREADS + 1) for _ in range(3))
    return explain_once(dice, works, is_alone=True)


def law_nothing_leaks(dice):
    """Of a program that leaves nothing behind. What CPython keeps of each subinterpreter is CPython's."""
    works = [work for work in ALONE if work is not run_coroutines] + [run_many_lines]

    def explain_all(times):
        for _ in range(times):
            heapster.measure(run_program, random.Random(1), works, explain=True, root="/")
        gc.collect()
        with open("/proc/self/statm", encoding="ascii") as file:
            return heapster.stats("python").live_count, int(file.read().split()[1])

    explain_all(5)
    blocks, pages = explain_all(5)
    more_blocks, more_pages = explain_all(10)
    assert more_blocks - blocks < 300, f"{more_blocks - blocks} blocks more after ten explanations"
    assert more_pages - pages < 2000, f"{more_pages - pages} pages more after ten explanations"


def can_explain():
    """Not without the GIL, where lines are not captured yet."""
    try:
        return heapster.explain(list)[0] == []
    except RuntimeError as error:
        print(error)
        return False


def main(requests=1_000_000, seed=23):
    dice = random.Random(seed)
    for work in ALONE + RARE:  # makes what is made once
        work(dice)
        work(dice)
    law_nothing_leaks(dice)
    codes = list_codes()
    before = count_references(codes)
    explained = programs = 0
    while explained < requests or programs < requests // REQUESTS_OF_A_PROGRAM:
        explained += explain_program(dice)
        programs += 1
        if programs % 100 == 0:
            law_no_code_has_references_more(codes, before, count_references(codes))
    law_no_code_has_references_more(codes, before, count_references(codes))
    print(f"{explained:,} requests in {programs} programs explained; "
          f"{len(codes)} code objects with the references of before")  # fmt: skip


if __name__ == "__main__":
    sys.setswitchinterval(1e-5)
    sys.exit(main(*map(int, sys.argv[1:])) if can_explain() else 77)
