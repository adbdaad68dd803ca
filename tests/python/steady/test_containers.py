"""Objects that CPython keeps in free lists. The state of those must not show in the figures."""

import collections
import copy

import pytest

SIZES = [0, 1, 2, 5, 17, 60, 200]


@pytest.mark.parametrize("size", SIZES)
def test_list_by_append(size):
    grown = []
    for number in range(size):
        grown.append(number)
    assert len(grown) == size


@pytest.mark.parametrize("size", SIZES)
def test_list_of_floats(size):
    assert len([number / 3 for number in range(size)]) == size


@pytest.mark.parametrize("size", SIZES)
def test_tuples_by_length(size):
    assert all(len(tuple(range(length))) == length for length in range(size))


@pytest.mark.parametrize("size", SIZES)
def test_dict_by_key(size):
    assert len({number: str(number) for number in range(size)}) == size


@pytest.mark.parametrize("size", SIZES)
def test_dict_of_words(size, words):
    assert len(dict.fromkeys(words[:size])) == size


@pytest.mark.parametrize("size", SIZES)
def test_set_of_words(size, words):
    assert len({word for word in words[:size]}) == size


@pytest.mark.parametrize("size", SIZES)
def test_deque_rotated(size):
    queue = collections.deque(range(size))
    queue.rotate(3)
    assert len(queue) == size


@pytest.mark.parametrize("size", SIZES)
def test_counter_of_remainders(size):
    assert sum(collections.Counter(number % 7 for number in range(size)).values()) == size


@pytest.mark.parametrize("size", SIZES)
def test_deep_copy(size):
    nested = [{"number": number, "list": [number]} for number in range(size)]
    assert copy.deepcopy(nested) == nested


@pytest.mark.parametrize("size", SIZES)
def test_sorted_by_key(size):
    assert sorted(range(size), key=lambda number: -number) == list(range(size))[::-1]
