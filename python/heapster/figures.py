"""Text for people: counts with commas, bytes in binary units, the sizes of a bucket, a change."""

from typing import Iterable, Tuple

from heapster import size_text as size


def is_bytes(field: str) -> bool:
    return field.endswith(("_sum", "_avg")) or field.startswith("use_")


def figure(field: str, value: int) -> str:
    return size(value) if is_bytes(field) else f"{value:,}"


def bucket(low: int) -> str:
    """Return the sizes of the bucket that begins at `low`."""
    end = 2 * max(low, 1)
    return f"[{size(low)} .. {size(end) if end < 1 << 64 else 'inf'})"


def gap(field: str, found: int, expected: int) -> str:
    """Return by how much, and to which side."""
    side = "above" if found > expected else "below"
    return f"{figure(field, abs(found - expected))} {side}"


def signed(field: str, change: int) -> str:
    return f"{'+' if change > 0 else '-'}{figure(field, abs(change))}" if change else "0"


def buckets(changes: Iterable[Tuple[int, int]]) -> str:
    """Return the change of requests by size: "+2 in [64 B .. 128 B), -1 in [1 KiB .. 2 KiB)"."""
    return ", ".join(f"{change:+,} in {bucket(low)}" for low, change in changes)
