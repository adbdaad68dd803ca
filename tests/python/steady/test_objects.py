"""Instances, exceptions, generators, closures."""

import contextlib
import dataclasses
import enum
import functools
import itertools
import weakref

import pytest

COUNTS = [0, 1, 3, 30, 300]


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5


class Slotted:
    __slots__ = ("value", "__weakref__")

    def __init__(self, value):
        self.value = value


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@pytest.mark.parametrize("count", COUNTS)
def test_dataclasses(count):
    assert sum(Point(number).x for number in range(count)) == sum(range(count))


@pytest.mark.parametrize("count", COUNTS)
def test_slotted_objects(count):
    assert len([Slotted(number) for number in range(count)]) == count


@pytest.mark.parametrize("count", COUNTS)
def test_weak_references(count):
    objects = [Slotted(number) for number in range(count)]
    assert all(weakref.ref(each)() is each for each in objects)


@pytest.mark.parametrize("count", COUNTS)
def test_enum_members(count):
    assert all(Colour(number % 2 + 1) in Colour for number in range(count))


@pytest.mark.parametrize("count", COUNTS)
def test_exceptions_caught(count):
    for number in range(count):
        with pytest.raises(ZeroDivisionError):
            number / 0


@pytest.mark.parametrize("count", COUNTS)
def test_generators_in_a_row(count):
    numbers = iter(range(count))
    for _ in range(3):
        numbers = (number for number in numbers)
    assert len(list(numbers)) == count


@pytest.mark.parametrize("count", COUNTS)
def test_closures(count):
    adders = [functools.partial(lambda a, b: a + b, number) for number in range(count)]
    assert sum(add(1) for add in adders) == sum(range(count)) + count


@pytest.mark.parametrize("count", COUNTS)
def test_context_managers(count):
    with contextlib.ExitStack() as stack:
        for number in range(count):
            stack.enter_context(contextlib.nullcontext(number))


@pytest.mark.parametrize("count", COUNTS)
def test_cycles_that_nobody_collects_meanwhile(count):
    for _ in range(count):
        cycle = []
        cycle.append(cycle)


@pytest.mark.parametrize("count", COUNTS)
def test_groups(count):
    groups = itertools.groupby(range(count), key=lambda number: number // 10)
    assert sum(len(list(group)) for _, group in groups) == count
