"""A size has one text, the core's: what Python prints is what a report or a limit of the core says."""

import random

import pytest

import heapster
from heapster import figures

NOTHING = heapster.measure(lambda: None, heap="python", warmup=1)[1]


def text_of_the_core(size):
    """How the core names the least size of a limit that a window of nothing breaks."""
    words = heapster.limit(alloc_sum=(size, None)).broken(NOTHING)
    least = words.rpartition(" below the limit of ")[2]
    assert least, words
    return least


def sizes():
    """Sizes of every magnitude, each with both neighbours, and sizes just below a unit, where rounding carries."""
    dice = random.Random(19)
    for _ in range(3000):
        size = dice.getrandbits(dice.randint(1, 62)) + 1
        yield from (max(size - 1, 1), size, size + 1)
    for shift in (10, 20, 30, 40, 50, 60):
        for _ in range(200):
            yield (1 << shift) - dice.randint(1, max((1 << shift) >> 16, 1))


def test_a_size_that_rounds_up_to_a_unit_is_written_in_that_unit():
    assert text_of_the_core(1048575) == "1.00 MiB"
    assert figures.figure("use_peak", 1048575) == heapster.size_text(1048575) == "1.00 MiB"


def test_every_size_is_written_as_the_core_writes_it():
    for size in sizes():
        assert figures.figure("use_peak", size) == heapster.size_text(size) == text_of_the_core(size)


def test_the_ends_of_the_range():
    assert heapster.size_text(0) == "0 B"
    assert heapster.size_text(2**64 - 1) == "16.00 EiB"
    for size in (-1, 2**64, 2**200):
        with pytest.raises(OverflowError):
            heapster.size_text(size)
    for size in (1.5, "1", None):
        with pytest.raises(TypeError):
            heapster.size_text(size)


@pytest.mark.parametrize("index", range(1, 64))
def test_a_bucket_is_named_as_in_a_histogram_of_the_core(index, heap):
    """The core's lines, for buckets that a test can fill; the last one has no upper bound."""
    low = 1 << index
    if index == 63:
        assert figures.bucket(low) == "[8 EiB .. inf)"
    if index > 24:
        return
    diff = heapster.measure(lambda: heap.free(heap.malloc(low)), heap=heap.name)[1]
    line = str(diff.alloc_histogram).splitlines()[0]
    assert " ".join(line.partition(":")[0].split()).replace("[ ", "[") == figures.bucket(low)
