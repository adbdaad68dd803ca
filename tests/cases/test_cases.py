"""Every case, as cases.toml marks it: right where it is mended, wrong where it is not. A case that is right without the
mark fails the run, and so does one that fails itself.

Cases marked `long` take minutes, or need what few machines have: PyPI, a mirror of Debian, a cross compiler.
"""

import concurrent.futures
import os
from pathlib import Path

import case_table
import pytest
import runner

CASES = case_table.load(Path(os.environ.get("HEAPSTER_CASES", case_table.HERE)))
ROOT = case_table.HERE.parent.parent


class Wrong(Exception):
    pass


def parameter(case):
    marks = [pytest.mark.long] if case.long else []
    if not case.mended:
        marks.append(pytest.mark.xfail(raises=Wrong, strict=True, reason=f"until issue {case.issue}"))
    return pytest.param(case, id=case.name, marks=marks)


@pytest.fixture(scope="module")
def outcomes(request):
    """What comes of the chosen cases, which all run at the same time, as many as there are processors."""
    tree = runner.Tree(ROOT, Path(os.environ["HEAPSTER_BUILD"]))
    chosen = [item.callspec.params["case"] for item in request.session.items if hasattr(item, "callspec")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {case.name: pool.submit(runner.run, case, tree) for case in chosen if isinstance(case, case_table.Case)}


@pytest.mark.parametrize("case", map(parameter, CASES))
def test_case(case, outcomes):
    outcome = outcomes[case.name].result()
    print(outcome.output)
    if outcome.verdict == "not run":
        pytest.skip(f"{case.name}: {outcome.seen}")
    if outcome.verdict == "wrong":
        raise Wrong(f"{outcome.seen}; right: {case.right}")
    assert outcome.verdict == "right", f"the case itself fails: {outcome.seen}"
