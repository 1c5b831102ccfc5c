"""Do one thing to many items, several at a time, and stop all when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def many_at_once(
    items: AsyncIterator[T] | Iterable[T], work: Callable[[T], Awaitable[None]], workers: int
) -> None:
    """Call ``work`` for every item.

    Args:
        items: taken only as fast as they are worked on.
        work: what is done to each.
        workers: how many are under way at once.

    Raises:
        whatever ``work`` or ``items`` raised first; the others are cancelled.
    """
    queue: asyncio.Queue[tuple[T] | None] = asyncio.Queue(maxsize=workers)

    async def take() -> None:
        while (item := await queue.get()) is not None:
            await work(item[0])

    try:
        async with asyncio.TaskGroup() as group:
            for _worker in range(workers):
                group.create_task(take())
            if isinstance(items, AsyncIterator):
                async for item in items:
                    await queue.put((item,))
            else:
                for item in items:
                    await queue.put((item,))
            for _worker in range(workers):
                await queue.put(None)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
