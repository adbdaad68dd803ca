"""With -DHEAPSTER_COUNTERS=shared: what the command cannot do there it says."""

import pytest
from run_support import PROGRAMS, run

LARGE = PROGRAMS / "large"


@pytest.mark.parametrize("options", [["--warn-above=1MiB"], ["-w", "1MiB"], ["--explain"], ["-x3"]])
def test_an_option_without_effect_is_said_in_one_line(options):
    name = "--explain" if "x" in options[0] else "--warn-above"
    for program, status in ([LARGE, 3 << 20], 0), (["sh", "-c", "exit 3"], 3):
        result = run(*program, options=[*options, "--output=/dev/null"])
        assert result.returncode == status
        assert result.stderr == f"heapster: {name} has no effect: heapster was built with HEAPSTER_COUNTERS=shared\n"


def test_zero_is_off_without_a_word():
    assert run(LARGE, 3 << 20, options=["-w", "0", "--output=/dev/null"]).stderr == ""


def test_the_report_is_as_ever():
    report = run(LARGE, 3 << 20, options=["-w", "1MiB", "-x"]).stderr
    assert "alloc_count: 1\n" in report and "explained" not in report
