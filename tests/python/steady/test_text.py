"""Strings, bytes, patterns, formats."""

import json
import re
import string
import textwrap

import pytest

SIZES = [0, 1, 10, 100, 1000]


@pytest.mark.parametrize("size", SIZES)
def test_join(size):
    assert len("-".join(str(number % 10) for number in range(size))) == max(2 * size - 1, 0)


@pytest.mark.parametrize("size", SIZES)
def test_concatenation(size):
    text = ""
    for number in range(size):
        text = text + str(number % 10)
    assert len(text) == size


@pytest.mark.parametrize("size", SIZES)
def test_split_and_strip(size):
    assert len((" word " * size).split()) == size


@pytest.mark.parametrize("size", SIZES)
def test_encode_and_decode(size):
    text = "é" * size
    assert text.encode().decode() == text


@pytest.mark.parametrize("size", SIZES)
def test_bytearray_that_grows(size):
    buffer = bytearray()
    for _ in range(size):
        buffer += b"0123456789"
    assert len(buffer) == 10 * size


@pytest.mark.parametrize("size", SIZES)
def test_substitution(size):
    assert re.sub(r"(\d)(\d)", r"\2\1", "12" * size) == "21" * size


@pytest.mark.parametrize("size", SIZES)
def test_matches(size):
    assert len(re.findall(r"[a-c]+", "abc " * size)) == size


@pytest.mark.parametrize("size", SIZES)
def test_json_there_and_back(size):
    value = {str(number): [number, None, "text"] for number in range(size)}
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize("size", SIZES)
def test_template(size):
    assert string.Template("$a and $b").substitute(a=1, b="x" * size).endswith("x" * size)


@pytest.mark.parametrize("size", SIZES)
def test_wrapped_text(size):
    assert "".join(textwrap.wrap("word " * size, 40)).count("word") == size
