"""Frames from Python: exact figures of a heap that nobody else uses, and nothing from the mark itself."""

import threading

import pytest

import heapster

FIGURES = ("alloc_count", "realloc_growth_count", "total_alloc_sum", "use_peak")


def figures(frame):
    return tuple(getattr(frame, name) for name in FIGURES)


@pytest.fixture
def frame_heap(heap):
    """The heap of the tests, at the begin of a frame."""
    heapster.frame()
    return heap


def test_a_process_without_marks_has_no_frames(plain):
    printed = plain(
        "import heapster; none = heapster.frames(); heapster.frame(); one = heapster.frames()\n"
        "for f in none, one: print(len(f), f.frame_count, f.quiet_count, f.worst_index, f.last, f.mean, f.worst)\n"
        "print(one)"
    )
    assert printed.splitlines() == [
        "0 0 0 None None None None",
        "0 0 0 None None None None",
        "no frame has ended yet: a frame is what happens between two marks",
    ]


def test_a_frame_has_the_allocs_and_growths_between_two_marks(frame_heap):
    block = frame_heap.realloc(frame_heap.malloc(100), 400)
    frame_heap.free(frame_heap.malloc(50))
    heapster.frame()
    frame_heap.free(block)
    heapster.frame()
    frames = heapster.frames(frame_heap.name)
    assert figures(frames[-2]) == (2, 1, 450, 450)
    assert figures(frames.last) == (0, 0, 0, 0)
    assert frames.last == frames[-1] != frames[-2]
    assert hash(frames.last) == hash(frames[-1])
    assert frames.last != figures(frames.last)


def test_the_last_256_frames_are_kept(frame_heap):
    for size in range(1, 300):
        frame_heap.free(frame_heap.malloc(size))
        heapster.frame()
    frames = heapster.frames(heap=heapster.heap(frame_heap.name))
    assert len(frames) == frames.kept_count == 256
    assert [frame.use_peak for frame in frames] == list(range(44, 300))
    assert figures(frames.mean) == (1, 0, 171, 171)
    assert figures(frames.worst) == (1, 0, 299, 299)
    assert frames.worst_index == frames.frame_count
    assert frames.quiet_count == 0
    assert frames.frame_count == heapster.frames().frame_count


def test_a_mark_asks_for_nothing():
    diff = heapster.measure(heapster.frame, warmup=1)[1]
    assert (diff.alloc_count, diff.dealloc_count, diff.use_peak) == (0, 0, 0)


def test_any_thread_may_mark(frame_heap):
    def work():
        frame_heap.free(frame_heap.malloc(10))
        heapster.frame()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert figures(heapster.frames(frame_heap.name).last) == (1, 0, 10, 10)


def test_text_is_a_table_with_a_strip_of_bars(plain):
    printed = plain(
        "import heapster; heapster.frame(); heapster.frame()\n"
        "kept = [bytes(100 + i) for i in range(300)]; heapster.frame(); heapster.frame()\n"
        "print(heapster.frames())"
    ).splitlines()
    assert printed[0].startswith("frames 1 to 3: ")
    assert printed[0].endswith(" of 3 allocated nothing, the worst is 2")
    assert printed[1].split() == list(FIGURES)
    assert [line.split()[0] for line in printed[2:5]] == ["last", "mean", "worst"]
    assert printed[5] == "allocs and growths, 1 frame a bar:"
    assert len(printed[6]) == 5 and printed[6][2] == "█"
    assert len(printed) == 7


def test_repr_has_the_figures(frame_heap):
    frame_heap.free(frame_heap.malloc(7))
    heapster.frame()
    frames = heapster.frames(frame_heap.name)
    assert repr(frames.last) == "<Frame alloc_count=1 realloc_growth_count=0 total_alloc_sum=7 use_peak=7>"
    assert str(frames.last) == "alloc_count=1 realloc_growth_count=0 total_alloc_sum=7 use_peak=7"
    assert repr(frames).startswith(f"<Frames frame_count={frames.frame_count} quiet_count=")
