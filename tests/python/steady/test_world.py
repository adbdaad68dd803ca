"""Files, time, fixtures, classes, unittest and coroutines."""

import datetime
import decimal
import io
import unittest

import pytest

COUNTS = [1, 2, 4, 8]


@pytest.mark.parametrize("count", COUNTS)
def test_file_read_by_line(count, record):
    for _ in range(count):
        assert len(record.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("count", COUNTS)
def test_buffer_in_memory(count):
    buffer = io.StringIO()
    for _ in range(100 * count):
        buffer.write("text")
    assert len(buffer.getvalue()) == 400 * count


@pytest.mark.parametrize("count", COUNTS)
def test_decimals(count):
    assert sum([decimal.Decimal("0.1")] * 10 * count) == count


@pytest.mark.parametrize("count", COUNTS)
def test_dates(count):
    day = datetime.date(2000, 2, 28)
    assert sum((day + datetime.timedelta(days=number)).day > 0 for number in range(count)) == count


async def one_after_the_other(count):
    """Without an event loop, whose sets of tasks grow once in a while."""

    async def number(value):
        return value

    return sum([await number(value) for value in range(count)])


@pytest.mark.parametrize("count", COUNTS)
def test_coroutines(count):
    with pytest.raises(StopIteration, match=str(sum(range(count)))):
        one_after_the_other(count).send(None)


@pytest.mark.parametrize("count", COUNTS)
def test_output_captured(count, capsys):
    for number in range(count):
        print("line", number)
    assert capsys.readouterr().out.count("line") == count


class TestMethods:
    """Each run gets a fresh instance, as pytest promises, without the attributes of an earlier run."""

    @pytest.mark.parametrize("count", COUNTS)
    def test_attributes_set_on_a_fresh_instance(self, count):
        assert not vars(self)
        for number in range(count):
            self.last = str(number)


class CaseTest(unittest.TestCase):
    def setUp(self):
        self.numbers = list(range(100))

    def test_reversed(self):
        self.numbers.reverse()
        self.assertEqual(self.numbers[0], 99)


def test_nothing():
    """All zeros."""
