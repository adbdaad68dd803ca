"""gc="stop", and limits on live figures: garbage and free lists are not alive, and nothing else changes."""

import asyncio
import gc
import pathlib

import pytest

import heapster


def keep_nothing():
    [{"number": number} for number in range(100)]
    [number * 1.5 for number in range(1000)]


def open_a_file(path=pathlib.Path(__file__)):
    path.open(encoding="utf-8").close()  # names of attributes that are made anew each time


def leave_garbage():
    for _ in range(500):
        circle = []
        circle.append(circle)


def nothing():
    pass


@pytest.fixture(params=[True, False], ids=["on", "off"])
def collector(request):
    """The collector, on or off; the test must leave it so."""
    was_on = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield
    is_on = gc.isenabled()
    (gc.enable if was_on else gc.disable)()
    assert is_on == request.param


@pytest.mark.parametrize("work", [keep_nothing, open_a_file, leave_garbage])
def test_what_keeps_nothing_has_no_live_change(work, collector):
    assert heapster.measure(work, gc="stop", warmup=2)[1].live_change == 0
    with heapster.measuring(gc="stop") as window:
        work()
    assert window.diff.live_change == window.diff.use_change == 0
    run = heapster.measuring(gc="stop")
    run.run(work)
    assert run.diff.live_change == 0


def test_live_figures_and_flows_agree(collector):
    diff = heapster.measure(keep_nothing, gc="stop", warmup=2)[1]
    assert diff.alloc_count > 100
    assert diff.live_change == diff.alloc_count - diff.dealloc_count
    assert diff.use_change == diff.total_alloc_sum - diff.total_dealloc_sum


def test_collecting_adds_nothing(collector):
    for work, count in ((nothing, 0), (leave_garbage, None)):
        left = heapster.measure(work, heap="python", warmup=2)[1].alloc_count
        stopped = heapster.measure(work, heap="python", warmup=2, gc="stop")[1]
        assert stopped.alloc_count == stopped.dealloc_count
        assert count is None or stopped.alloc_count == count
        assert left <= stopped.alloc_count <= left + 1000


def test_what_is_kept_is_still_seen(collector):
    kept = []

    def keep():
        kept.extend([object() for _ in range(10)])

    assert heapster.measure(keep, gc="stop")[1].live_change >= 10


def test_a_limit_on_a_live_figure_collects_too(collector):
    with heapster.limit(live_change=(0, 0)):
        keep_nothing()
    heapster.limit(use_change="1 KiB")(leave_garbage)()
    with pytest.raises(heapster.LimitExceeded, match="live_change"):
        with heapster.limit(live_change=(0, 0)):
            kept = [object() for _ in range(10)]
    assert len(kept) == 10


def test_a_limit_of_a_coroutine_function_collects_too(collector):
    @heapster.limit(live_change=(None, 5))
    async def work():
        leave_garbage()

    asyncio.run(work())


def test_an_exception_passes_and_the_collector_is_restored(collector):
    for call in (lambda: heapster.measure(int, "x", gc="stop"), lambda: heapster.limit(live_change=0)(int)("x")):
        with pytest.raises(ValueError):
            call()
