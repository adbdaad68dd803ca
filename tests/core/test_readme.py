"""What the root README shows is what comes out."""

import pathlib
import re

from run_support import BUILD, PROGRAMS, execute, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown(title):
    block = re.search(rf"<!-- {re.escape(title)} -->\n```\w*\n(.*?)```\n<!-- end of sample -->", README, re.DOTALL)
    assert block, f'README has no "{title}"'
    return block[1]


def test_report_of_a_known_program_is_the_readmes():
    report = run(PROGRAMS / "exact").stderr
    assert re.sub(r"\(pid \d+\)", "(pid 4711)", report) == shown("sample: heapster run -- exact")


def test_host_is_the_readmes_and_does_what_it_says():
    assert (ROOT / "tests/hosts/readme/measure.c").read_text() == shown("sample: tests/hosts/readme/measure.c")
    host = execute([BUILD / "tests/hosts/readme/readme_measure"])
    assert host.returncode == 0
    assert f"It prints `{host.stdout.strip()}`" in README.replace("\n", " ")


def test_frames_are_the_readmes_and_so_is_their_text():
    assert (ROOT / "tests/hosts/readme/frames.c").read_text() == shown("sample: tests/hosts/readme/frames.c")
    host = execute([BUILD / "tests/hosts/readme/readme_frames"])
    assert host.returncode == 0
    assert host.stdout == shown("sample: what frames.c prints")


def test_figures_of_the_readme_are_those_of_the_bench():
    kept = (ROOT / "tests/bench/results/churn.csv").read_text().splitlines()[3:]
    table = re.search(r"<!-- figures: tests/bench/results/churn.csv -->\n(.*?)<!-- end of figures -->", README, re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()[2:]]
    expected = [line.split(",") for line in kept]
    assert rows == [[*row[:4], f"{row[4]} .. {row[5]}"] for row in expected]
