"""300 requests at the same time, each measured as python/README.md shows for async code."""

import asyncio

import heapster
from verdict import verdict

REQUESTS = 300


async def handle():
    async with heapster.measuring() as window:
        await asyncio.sleep(0.1)
    return window.diff.alloc_count


async def main():
    return await asyncio.gather(*[handle() for _ in range(REQUESTS)], return_exceptions=True)


answers = asyncio.run(main())
errors = [answer for answer in answers if isinstance(answer, Exception)]
verdict(not errors, f"{REQUESTS - len(errors)} measured{f', {len(errors)}: {errors[0]}' if errors else ''}")
