"""after - before: two snapshots that have no difference are refused."""

import copy
import os
import pickle
import subprocess
import sys

import pytest

import heapster

SNAPSHOT = "import heapster, pickle, sys; sys.stdout.buffer.write(pickle.dumps(heapster.stats()))"


def of_another_process():
    command = [sys.executable, "-c", SNAPSHOT]
    return pickle.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def in_child(function):
    """What the function gives in the child of a fork."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, pickle.dumps(function()))
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        return pickle.loads(pipe.read())


@pytest.mark.parametrize("heap", [None, "python"])
def test_the_later_snapshot_is_not_subtracted_from_the_earlier(heap):
    before, after = heapster.stats(heap), heapster.stats(heap)
    assert (after - before).alloc_count == (after - after).alloc_count == 0
    with pytest.raises(ValueError, match="the later one"):
        before - after


def test_snapshots_before_and_after_a_reset_have_no_difference():
    before = heapster.stats()
    heapster.reset()
    after = heapster.stats()
    with pytest.raises(ValueError, match="reset"):
        after - before
    assert (heapster.stats() - after).kind == "diff"


def test_snapshots_of_two_processes_have_no_difference():
    for first, second in ((of_another_process(), heapster.stats()), (heapster.stats(), of_another_process())):
        with pytest.raises(ValueError, match="two processes"):
            second - first


def test_a_child_subtracts_what_was_read_before_the_fork():
    before = heapster.stats()
    diff, own = in_child(lambda: (heapster.stats() - before, heapster.stats()))
    assert diff.kind == "diff"
    with pytest.raises(ValueError, match="two processes"):
        own - heapster.stats()
    with pytest.raises(ValueError, match="two processes"):
        heapster.stats() - own


def test_a_copy_was_read_where_the_original_was():
    before = heapster.stats()
    after = heapster.stats()
    for restored in (pickle.loads(pickle.dumps(after)), copy.deepcopy(after)):
        assert restored - before == after - before
        with pytest.raises(ValueError):
            before - restored


def test_diffs_subtract_in_any_order():
    before = heapster.stats()
    first, second = heapster.stats() - before, heapster.measure(list)[1]
    heapster.reset()
    assert (first - second).kind == (second - first).kind == "diff"
