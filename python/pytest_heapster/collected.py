"""What a run has seen of a project's tests: which entries of a baseline it may drop, because their tests are gone."""

import os
import pathlib
from typing import Iterable, List, Optional, Set, TypedDict

import pytest

# What leaves tests out before they are collected, by pytest's names of the options.
LEAVING_OUT = {"lf": "--lf", "ignore": "--ignore", "ignore_glob": "--ignore-glob", "pyargs": "--pyargs"}


def _arguments(config: pytest.Config) -> List[str]:
    """Of the command line, or testpaths, or the folder; none where pytest only prints its help."""
    return list(getattr(config, "args", []))


def _hidden(config: pytest.Config) -> Optional[str]:
    """What in the command line keeps tests from being collected."""
    if any("::" in each for each in _arguments(config)):
        return "single tests were asked for"
    return next((f"{word} was given" for name, word in LEAVING_OUT.items() if config.getoption(name, None)), None)


def _place(config: pytest.Config, argument: str) -> str:
    """A file or folder of the command line or of testpaths, as node ids name it."""
    path = os.path.relpath(config.invocation_params.dir / argument, config.rootpath)
    return pathlib.PurePath(path).as_posix()


def _is_below(name: str, node: str) -> bool:
    """Whether a measurement is of that file, folder, class or test."""
    return node == "." or (name.startswith(node) and name[len(node) : len(node) + 1] in ("", "/", ":", "[", "#"))


class Packed(TypedDict):
    """As it travels."""

    tests: List[str]
    blind: List[str]
    hidden: Optional[str]
    cut: Optional[str]


class Collected:
    """Of the whole run: xdist's workers collect, and send home what they saw."""

    def __init__(self, config: pytest.Config) -> None:
        self.tests: Set[str] = set()
        self.blind: Set[str] = set()  # files and classes that could not be looked into, or did not want to be
        self.places = [_place(config, each) for each in _arguments(config)]
        self.hidden = _hidden(config)  # why nobody knows which tests there are
        self.cut: Optional[str] = None  # why not all of them ran

    def look(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            folder, slash, file = report.nodeid.rpartition("/")
            self.blind.add(folder if slash and file == "__init__.py" else report.nodeid)
        self.tests.update(each.nodeid for each in report.result or [] if isinstance(each, pytest.Item))

    def cut_short(self, why: str) -> None:
        self.cut = self.cut or why

    def pack(self) -> Packed:
        return {"tests": sorted(self.tests), "blind": sorted(self.blind), "hidden": self.hidden, "cut": self.cut}

    def add(self, packed: Packed) -> None:
        """What a worker saw."""
        self.tests.update(packed["tests"])
        self.blind.update(packed["blind"])
        self.hidden = self.hidden or packed["hidden"]
        self.cut = self.cut or packed["cut"]

    def _is_there(self, name: str) -> bool:
        """A measurement is NODE or NODE#NAME, and a node id may have a # of its own."""
        ends = [len(name), *(index for index, letter in enumerate(name) if letter == "#")]
        return any(name[:end] in self.tests for end in ends)

    def _is_in_sight(self, name: str) -> bool:
        """Whether its test would have been collected if there were one."""
        return any(_is_below(name, each) for each in self.places) and not any(_is_below(name, each) for each in self.blind)

    def gone(self, names: Iterable[str]) -> List[str]:
        """Those of the measurements whose tests are gone, as far as anybody knows."""
        if self.hidden:
            return []
        return sorted(name for name in names if not self._is_there(name) and self._is_in_sight(name))
