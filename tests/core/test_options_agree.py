"""The command's options are the same in its help, its manual and the completions of each shell.

An argument that may be left out has to be in the same word, so for a completion there is none.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from run_support import HEAPSTER, execute

FOLDER = Path(__file__).resolve().parents[2] / "core" / "cli"
COMPLETIONS = FOLDER / "completions"


def help_of(*words):
    """{long name: (letter, whether it has an argument)} as `--help` lists them."""
    text = execute([HEAPSTER, *words, "--help"]).stdout
    found = re.findall(r"^  -(\w), --([\w-]+?)(?:\[=\w+\]|(=\w+))?  ", text, re.MULTILINE)
    return {long: (letter, bool(argument)) for letter, long, argument in found}


def in_source():
    """What getopt_long is given."""
    table = (FOLDER / "options.c").read_text().partition("run_options[] = {")[2].partition("};")[0]
    found = re.findall(r'\{"([\w-]+)", (\w+)_argument, NULL, \'(\w)\'\}', table)
    return {long: (letter, argument == "required") for long, argument, letter in found}


def in_manual():
    found = re.findall(
        r'^\.BR \\-(\w) ", " \\-\\-(\w+(?:\\-\w+)*)( = \\fI)?', (FOLDER / "heapster.1").read_text(), re.MULTILINE)
    return {long.replace("\\", ""): (letter, bool(argument)) for letter, long, argument in found}


def in_bash():
    text = (COMPLETIONS / "heapster.bash").read_text()
    with_argument = re.search(r"(-e \|.*)\) index=\$\(\(index \+ 2\)\)", text)[1].split(" | ")
    words = re.search(r"-W '(--every.*)' --", text)[1].split()
    longs, letters = [[word.strip("-") for word in words if word.startswith("--") is long] for long in (True, False)]
    found = {}
    for long, letter in zip(longs, letters, strict=True):
        assert (f"--{long}" in with_argument) == (f"-{letter}" in with_argument)
        found[long] = (letter, f"--{long}" in with_argument)
    return found


def in_zsh():
    text = (COMPLETIONS / "_heapster").read_text().partition("_heapster()")[0]
    found = re.findall(r"\{-(\w),--([\w-]+)(=?)\}'\[", text)
    return {long: (letter, bool(argument)) for letter, long, argument in found}


def in_fish():
    text = (COMPLETIONS / "heapster.fish").read_text()
    found = re.findall(r"^complete -c heapster (-\w).* -s (\w) -l ([\w-]+) ", text, re.MULTILINE)
    return {long: (letter, kind in ("-x", "-r")) for kind, letter, long in found}


def test_help_lists_what_the_command_obeys():
    options = in_source()
    assert {"every", "format", "output", "verbose", "help", "version"} <= options.keys()
    assert help_of("run") == options
    assert help_of() == {long: options[long] for long in ("help", "version")}


@pytest.mark.parametrize("read", [in_manual, in_bash, in_zsh, in_fish])
def test_manual_and_completions_have_the_options_of_help(read):
    options = help_of("run")
    if read is in_manual:  # help and version are as everywhere
        options = {long: option for long, option in options.items() if long not in ("help", "version")}
    assert read() == options


def complete_in_bash(line):
    words = line.split(" ")
    script = f"""
        source {COMPLETIONS}/heapster.bash
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}
        _heapster; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return execute(["bash", "--norc", "-c", script]).stdout.split()


def complete_in_fish(line):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    script = f"source {COMPLETIONS}/heapster.fish; complete -C '{line}'"
    return [each.split("\t")[0] for each in execute(["fish", "--no-config", "-c", script]).stdout.splitlines()]


@pytest.mark.parametrize("complete", [complete_in_bash, complete_in_fish])
def test_shell_completes_options_their_values_and_the_program(complete):
    assert "run" in complete("heapster ")
    assert {"--every", "--format", "--output"} <= set(complete("heapster run --"))
    assert complete("heapster run --format p") == ["prometheus"]
    assert "--format" in complete("heapster run -o file --f")
    assert "ls" in complete("heapster run -o file l")
    assert "--format" not in complete("heapster run -o file -- ls --f")


def test_completions_are_well_formed():
    for shell, name in ("bash", "heapster.bash"), ("zsh", "_heapster"), ("fish", "heapster.fish"):
        if shutil.which(shell):
            subprocess.run([shell, "-n", COMPLETIONS / name], check=True)
