"""The examples of python/README.md run as they stand; those that are files, tests/hosts/examples tries."""

import pathlib
import re

import pytest

README = pathlib.Path(__file__).parents[2] / "python" / "README.md"
EXAMPLES = dict(re.findall(r"^## ([^\n]*)\n+```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S))


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_runs(title):
    names = {"__name__": "example"}
    exec(compile(EXAMPLES[title], title, "exec"), names)


def test_every_example_is_found():
    text = README.read_text(encoding="utf-8")
    assert len(EXAMPLES) == text.count("```python\n") - text.count("<!-- sample: ")
