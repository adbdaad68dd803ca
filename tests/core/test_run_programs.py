"""200 programs of Debian end under the command as they do without, and leave a report or a true reason."""

import re

import debian_programs
import pytest
from run_support import BUILD, HEAPSTER

pytestmark = pytest.mark.long

REASONS = {
    "static": r"is statically linked",
    "set-uid": r"is set-uid or set-gid",
    "dynamic": r"was killed by SIG|became \S+ by exec|ended without exit handlers|ended as",
}


@pytest.fixture(scope="module")
def rows():
    found = list(debian_programs.make_rows(HEAPSTER))
    debian_programs.write_table(found, BUILD / "tests" / "debian_programs.txt")
    return found


def test_output_and_status_are_the_same(rows):
    if len(rows) < 200:
        pytest.skip(f"only {len(rows)} of the programs are here")
    assert not [debian_programs.as_text(row) for row in rows if row["difference"]]


def test_each_has_a_report_or_a_reason_that_its_file_shows(rows):
    wrong = [row for row in rows if row["report"] != "report" and not re.search(REASONS[row["file"]], row["report"])]
    assert not list(map(debian_programs.as_text, wrong))
    assert sum(row["report"] == "report" for row in rows) > len(rows) * 0.8
