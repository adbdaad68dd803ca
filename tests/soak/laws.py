"""The laws of counting that a process's last report must keep: which are broken, in words."""

PARTS = ["alloc", "realloc_growth", "realloc_shrink"]
NOT_SUMMED = {"use_max", "use_curr"}  # the total's own record; and a heap's use is clamped at 0


def broken_of_heap(name, stats):
    """Of one heap, or of the total; the process was never reset."""
    for part in PARTS:
        total = sum(stats[f"{part}_histogram"])
        if stats[f"{part}_count"] != total:
            yield f"{name}: {part}_count is {stats[f'{part}_count']}, its histogram's sum {total}"
    change = stats["total_alloc_sum"] - stats["total_dealloc_sum"]
    if stats["use_curr"] != change:
        yield f"{name}: use_curr is {stats['use_curr']}, allocated less freed {change}"
    alive = stats["alloc_count"] - stats["dealloc_count"]
    if stats["live_count"] != alive:
        yield f"{name}: live_count is {stats['live_count']}, allocated less freed {alive}"
    if stats["use_max"] < stats["use_curr"]:
        yield f"{name}: use_max {stats['use_max']} is below use_curr {stats['use_curr']}"


def is_summed(field, value):
    return isinstance(value, int) and not field.endswith("_avg") and field not in NOT_SUMMED


def broken_of_total(report):
    """Every counter of the total is the sum over the heaps."""
    for field, value in report["total"].items():
        if not is_summed(field, value):
            continue
        total = sum(heap[field] for heap in report["heaps"].values())
        if value != total:
            yield f"total: {field} is {value}, the heaps' sum {total}"


def broken(report):
    """A line for each law that the report of a process breaks."""
    if report["total"] is None:
        return []  # another allocator stands in front of the hook: the report shows no figure, and says so
    found = [line for name, stats in report["heaps"].items() for line in broken_of_heap(name, stats)]
    return found + list(broken_of_heap("total", report["total"])) + list(broken_of_total(report))
