"""`async with` and limited coroutines: windows that stay open while a coroutine waits."""

import asyncio
import contextlib
import inspect

import pytest

import heapster


def changes(diff):
    levels = ("live_count", "use_curr")
    figures = diff.as_dict().items()
    return {name: value for name, value in figures if isinstance(value, int) and value and name not in levels}


def test_an_empty_async_block_is_all_zeros():
    async def main():
        for _ in range(3):
            async with heapster.measuring() as m:
                pass
        return m.diff

    assert changes(asyncio.run(main())) == {}


def test_an_async_window_spans_what_is_awaited(heap):
    async def main():
        async with heapster.measuring(heap.name) as m:
            await asyncio.sleep(0)
            heap.free(heap.malloc(7))
        return m.diff

    assert asyncio.run(main()).alloc_sum == 7


def test_an_error_passes_through_an_async_block(heap):
    async def main():
        async with heapster.limit(alloc_count=0, heap=heap.name), heapster.measuring(heap.name) as m:
            heap.free(heap.malloc(1))
            raise LookupError(m)

    with pytest.raises(LookupError) as caught:
        asyncio.run(main())
    assert caught.value.args[0].diff.alloc_count == 1
    assert heapster.status().windows_open == 0


def test_an_async_limit_is_judged_at_the_end(heap):
    async def main(limit):
        async with limit:
            heap.free(heap.malloc(1))

    limit = heapster.limit(alloc_count=1, heap=heap.name)
    for _ in range(2):
        asyncio.run(main(limit))
    with pytest.raises(heapster.LimitExceeded):
        asyncio.run(main(heapster.limit(alloc_count=0, heap=heap.name)))


def test_an_async_exit_stack_takes_both_managers(heap):
    async def main():
        async with contextlib.AsyncExitStack() as stack:
            m = await stack.enter_async_context(heapster.measuring(heap.name))
            await stack.enter_async_context(heapster.limit(alloc_count=1, heap=heap.name))
            heap.free(heap.malloc(1))
        return m.diff.alloc_count

    assert asyncio.run(main()) == 1


def test_a_decorated_coroutine_function_stays_one(heap):
    @heapster.limit(alloc_count=2, heap=heap.name)
    async def ask(count, *, size=1):
        """Ask."""
        for _ in range(count):
            await asyncio.sleep(0)
            heap.free(heap.malloc(size))
        return count

    assert asyncio.run(ask(2, size=9)) == 2
    with pytest.raises(heapster.LimitExceeded, match="alloc_count: 3 is 1 above the limit of 2"):
        asyncio.run(ask(3))
    assert inspect.iscoroutinefunction(ask) and (ask.__name__, ask.__doc__) == ("ask", "Ask.")
    assert str(inspect.signature(ask)) == "(count, *, size=1)"


def test_a_decorated_coroutine_adds_nothing_of_its_own():
    @heapster.limit(alloc_count=0, dealloc_count=0)
    async def nothing():
        pass

    for _ in range(3):
        asyncio.run(nothing())


def test_decorated_coroutines_run_side_by_side(heap):
    @heapster.limit(alloc_count=2, heap=heap.name)
    async def ask():
        heap.free(heap.malloc(1))
        await asyncio.sleep(0)

    async def main():
        await asyncio.gather(ask(), ask())

    asyncio.run(main())
    assert heapster.status().windows_open == 0


def test_a_decorated_coroutine_method_is_bound(heap):
    class Thing:
        @heapster.limit(alloc_count=1, heap=heap.name)
        async def ask(self):
            heap.free(heap.malloc(1))
            return self

    thing = Thing()
    assert asyncio.run(thing.ask()) is thing


def test_a_cancelled_coroutine_closes_its_window(heap):
    @heapster.limit(alloc_count=0, heap=heap.name)
    async def wait():
        await asyncio.sleep(60)

    async def main():
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert heapster.status().windows_open == 0


def test_many_async_windows_leak_nothing():
    async def main():
        for _ in range(1000):
            async with heapster.measuring():
                pass

    asyncio.run(main())
    heapster.measure(asyncio.run, main())  # warm
    run = main()
    assert heapster.measure(asyncio.run, run, heap="python", gc="stop")[1].live_change < 50
