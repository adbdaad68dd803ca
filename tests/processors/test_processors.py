"""./dev processors without another processor's compiler: programs are started, results added up, rows kept."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import processors
import pytest

ROOT = Path(__file__).resolve().parents[2]


def head_of(name, kind):
    """The first bytes of a program of that processor: 2 is one at a fixed address, 3 one that can be moved."""
    order, machine = processors.PROCESSORS[name]
    data = 1 if order == "little" else 2
    rest = kind.to_bytes(2, order) + machine.to_bytes(2, order) + bytes(44)
    return b"\x7fELF" + bytes([2, data, 1]) + bytes(9) + rest


ECHO = "/bin/echo"  # in place of qemu-user: it prints the path of the program that it is to start


@pytest.mark.parametrize("name", processors.PROCESSORS)
def test_programs_of_that_processor_alone_are_started_by_its_emulator(name, tmp_path):
    words = processors.namespace(name, ECHO)
    if not words:
        pytest.skip("binfmt_misc in a user namespace is not to be had")
    for other in processors.PROCESSORS:
        for kind in (2, 3):
            program = tmp_path / f"{other}-{kind}"
            program.write_bytes(head_of(other, kind))
            program.chmod(0o755)
            ended = subprocess.run([*words, "sh", "-c", f"exec {program} a"], capture_output=True, text=True)
            assert (str(program) in ended.stdout) == (other == name), ended
    assert subprocess.run([str(tmp_path / f"{name}-2")], shell=True, capture_output=True).returncode != 0


def test_without_a_user_namespace_there_are_no_words(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert processors.namespace("s390x", ECHO) == []


def test_a_processor_that_is_not_known_is_refused():
    script = ROOT / "tests/processors/processors.py"
    ended = subprocess.run([sys.executable, script, "aarch64", "vax"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "") and "there is no 'vax'" in ended.stderr


def results(*cases):
    rows = "".join(
        f'<testcase name="{name}" status="{status}"><system-out>{text}</system-out></testcase>'
        for name, status, text in cases
    )
    return ElementTree.fromstring(f"<testsuite>{rows}</testsuite>")


def test_laws_are_counted_by_program_and_others_by_test():
    found = results(
        ("law_random", "run", ""),
        ("law_threads", "run", "7 passed, 9 skipped"),
        ("law_linked", "run", ""),
        ("test_preload", "run", "4 passed, 3 skipped in 1.2s"),
        ("test_preloaded", "run", "5 passed"),
        ("test_attach", "fail", "2 failed, 160 passed, 50 skipped"),
        ("test_run_page", "run", "6 skipped in 0.1s"),
    )
    passed, left_out, failed = processors.count(found)
    assert passed == {"link": 1, "laws": 2, "preload": 9, "attach": 160, "command": 0}
    assert (left_out, failed) == (59, ["test_attach"])


def test_a_processor_without_its_emulator_is_not_tried(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    words, row, is_well = processors.check(processors.Processor("riscv64"))
    assert (words, row, is_well) == ("not tried: qemu-riscv64 is not installed", None, False)


def test_rows_replace_those_of_their_processors_and_the_rest_stays():
    filler = ["x"] * (len(processors.HEAD) - 1)
    empty = f"before\n{processors.BEGIN}{processors.END}\nafter\n"
    once = processors.with_rows(empty, [["s390x", *filler], ["aarch64", *filler]])
    again = processors.with_rows(once, [["riscv64", *filler], ["s390x", "y", *filler[1:]]])
    rows = [line.split(" | ")[:2] for line in again.splitlines() if line.startswith("| ")]
    assert rows == [["| processor", "link"], ["| aarch64", "x"], ["| riscv64", "x"], ["| s390x", "y"]]
    assert again.startswith("before\n") and again.endswith("\nafter\n") and processors.with_rows(again, []) == again


def test_a_page_without_a_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match="there is no <!-- processors"):
        processors.with_rows("text", [])


def test_each_processor_has_its_presets_and_packages():
    presets = (ROOT / "CMakePresets.json").read_text(encoding="utf-8")
    words = [ROOT / "dev", "packages", "12", "processors"]
    packages = subprocess.run(words, capture_output=True, text=True).stdout.split()
    for name in processors.PROCESSORS:
        assert presets.count(f'"name": "{name}"') == 3
        assert {f"gcc-{name}-linux-gnu", f"g++-{name}-linux-gnu"} < set(packages)
