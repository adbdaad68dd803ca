"""The READMEs' sessions are what comes out, each time."""

import os
import pathlib
import re
import shutil

import pytest
import session

ENGINE = pathlib.Path(os.environ["HEAPSTER_BUILD"]) / "tests/hosts/engine/engine"
HINT = f"""if that is meant, mend with: python3 tests/hosts/engine/session.py --record {ENGINE}
A new name in the module, such as a new figure, moves the figures of heap `scripts`."""
EXCERPT = "sample: engine"
EXCERPT_HINT = f"""if that is meant, copy these lines to README.md, between "{EXCERPT}" and "end of sample":"""


@pytest.fixture(autouse=True)
def same_lua():
    """Sizes of Lua's own objects are those of its release: only the one of the recording has the same figures."""
    release = f"Lua {os.environ['HEAPSTER_LUA_RELEASE']}"
    recorded = re.search(r"Recorded with (Lua \d+\.\d+\.\d+)", session.README.read_text(encoding="utf-8"))[1]
    if release != recorded:
        pytest.skip(f"the session was recorded with {recorded}, this is {release}")


def test_session_is_the_readmes():
    assert session.played(ENGINE, session.shown()) == session.shown(), HINT


def test_excerpt_in_the_root_readme_is_what_comes_out():
    text = (session.HERE.parents[2] / "README.md").read_text(encoding="utf-8")
    excerpt = re.search(rf"<!-- {EXCERPT} -->\n```\n(.*?)```\n<!-- end of sample -->", text, re.DOTALL)[1]
    played, _, _ = session.played(ENGINE, excerpt + "> /quit\n").partition("> /quit\n")
    assert played == excerpt, f"{EXCERPT_HINT}\n{played}"


def test_session_comes_out_the_same_whatever_the_seed_of_lua():
    assert {session.played(ENGINE, session.shown()) for _ in range(20)} == {session.shown()}, HINT


def test_session_comes_out_the_same_without_random_addresses():
    if not shutil.which("setarch"):
        pytest.skip("setarch is not installed")
    assert session.played(ENGINE, session.shown(), before=("setarch", "-R")) == session.shown(), HINT
