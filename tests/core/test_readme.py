"""What the READMEs show of the command and of hosts in C is what comes out."""

import csv
import pathlib
import re

from run_support import BUILD, PROGRAMS, execute, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_C = (ROOT / "core/include/README.md").read_text(encoding="utf-8")


def shown(title, readme=README):
    block = re.search(rf"<!-- {re.escape(title)} -->\n```\w*\n(.*?)```\n<!-- end of sample -->", readme, re.DOTALL)
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
    assert (ROOT / "tests/hosts/readme/frames.c").read_text() == shown("sample: tests/hosts/readme/frames.c", IN_C)
    host = execute([BUILD / "tests/hosts/readme/readme_frames"])
    assert host.returncode == 0
    assert host.stdout == shown("sample: what frames.c prints", IN_C)


def test_the_levels_of_the_readme_end():
    assert (ROOT / "tests/hosts/readme/levels.c").read_text() == shown("sample: tests/hosts/readme/levels.c", IN_C)
    host = execute([BUILD / "tests/hosts/readme/readme_levels"])
    assert host.returncode == 0
    assert host.stdout == shown("sample: what levels.c prints", IN_C)


def test_the_sites_of_the_readme_are_what_comes_out():
    assert (ROOT / "tests/hosts/readme/where.c").read_text() == shown("sample: tests/hosts/readme/where.c", IN_C)
    host = execute([BUILD / "tests/hosts/readme/readme_where"])
    assert host.returncode == 0
    assert host.stdout == shown("sample: what where.c prints", IN_C)


def test_figures_of_the_readme_are_those_of_the_bench():
    kept = (ROOT / "tests/bench/results/headline.csv").read_text().splitlines()
    table = re.search(r"<!-- figures: tests/bench/results/headline.csv -->\n(.*?)<!-- end of figures -->", README, re.DOTALL)
    where, rows = table[1].split("\n\n")
    assert where == f"{kept[1][2:]}, {kept[2][2:]}:"
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows.splitlines()[2:]]
    figures = list(csv.reader(line for line in kept if not line.startswith("#")))[1:]
    assert [row[:3] for row in shown] == [row[:3] for row in figures]
    assert [row[4].partition(":")[0] for row in shown] == [row[5] for row in figures]
