"""The examples of python/README.md run as they stand; those that are files, tests/hosts/examples tries."""

import pathlib
import re
import sys

import pytest
import readme_session

README = pathlib.Path(__file__).parents[2] / "python" / "README.md"
EXAMPLES = dict(re.findall(r"^## ([^\n]*)\n+```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S))


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_runs(title):
    names = {"__name__": "example"}
    exec(compile(EXAMPLES[title], title, "exec"), names)


def test_every_example_is_found():
    text = README.read_text(encoding="utf-8")
    assert len(EXAMPLES) == text.count("```python\n") - text.count("<!-- sample: ")


@pytest.mark.skipif(sys.version_info[:2] != readme_session.RECORDED_WITH, reason="other versions make other objects")
@pytest.mark.parametrize("name", readme_session.RECORDED)
def test_what_is_shown_is_what_comes_out(name):
    shown, play, source = readme_session.RECORDED[name]
    assert play(source.read()) == shown.read(), "mend with: readme_session.py --record"
