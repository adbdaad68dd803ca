"""Which tests a run has collected, and so which entries of a baseline are of tests that are gone."""

import os
import pathlib
from typing import Iterable, List, Optional, Set, TypedDict

import pytest

# The options that keep tests from being collected, by pytest's names.
HIDING_OPTIONS = {"lf": "--lf", "ignore": "--ignore", "ignore_glob": "--ignore-glob", "pyargs": "--pyargs"}


def find_name(item: pytest.Item) -> str:
    """The node id, without the group that xdist's loadgroup adds."""
    group = item.get_closest_marker("xdist_group")
    words = [*group.args, group.kwargs.get("name")] if group else []
    return item.nodeid[: -len(words[0]) - 1] if words and item.nodeid.endswith(f"@{words[0]}") else item.nodeid


def _list_arguments(config: pytest.Config) -> List[str]:
    """The files and folders of the command line or of testpaths; none if pytest only prints its help."""
    return list(getattr(config, "args", []))


def _find_hidden(config: pytest.Config) -> Optional[str]:
    """What in the command line keeps tests from being collected."""
    if any("::" in each for each in _list_arguments(config)):
        return "single tests were asked for"
    return next((f"{word} was given" for name, word in HIDING_OPTIONS.items() if config.getoption(name, None)), None)


def _make_node_id(config: pytest.Config, argument: str) -> str:
    """The node id of a file or folder."""
    path = os.path.relpath(config.invocation_params.dir / argument, config.rootpath)
    return pathlib.PurePath(path).as_posix()


def _is_below(name: str, node: str) -> bool:
    """Whether a measurement belongs to that file, folder, class or test."""
    return node == "." or (name.startswith(node) and name[len(node) : len(node) + 1] in ("", "/", ":", "[", "#"))


class Packed(TypedDict):
    """What an xdist worker sends home."""

    tests: List[str]
    uncollected: List[str]
    hidden: Optional[str]
    cut: Optional[str]
    is_any_planned: bool


class Collected:
    """All tests of a run. Under xdist the workers collect them and send them home."""

    def __init__(self, config: pytest.Config) -> None:
        self.tests: Set[str] = set()
        self.uncollected: Set[str] = set()  # files and classes that were skipped or could not be collected
        self.roots = [_make_node_id(config, each) for each in _list_arguments(config)]
        self.hidden = _find_hidden(config)  # why it is not known which tests there are
        self.cut: Optional[str] = None  # why not all of them ran
        self.is_any_planned = False  # whether a test was to be measured

    def add_report(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            folder, slash, file = report.nodeid.rpartition("/")
            self.uncollected.add(folder if slash and file == "__init__.py" else report.nodeid)
        self.tests.update(each.nodeid for each in report.result or [] if isinstance(each, pytest.Item))

    def cut_short(self, why: str) -> None:
        self.cut = self.cut or why

    def pack(self) -> Packed:
        return {
            "tests": sorted(self.tests),
            "uncollected": sorted(self.uncollected),
            "hidden": self.hidden,
            "cut": self.cut,
            "is_any_planned": self.is_any_planned,
        }

    def add_packed(self, packed: Packed) -> None:
        self.tests.update(packed["tests"])
        self.uncollected.update(packed["uncollected"])
        self.hidden = self.hidden or packed["hidden"]
        self.cut = self.cut or packed["cut"]
        self.is_any_planned = self.is_any_planned or packed["is_any_planned"]

    def _exists(self, name: str) -> bool:
        """A measurement is NODE or NODE#NAME, and a node id may have a # of its own."""
        ends = [len(name), *(index for index, letter in enumerate(name) if letter == "#")]
        return any(name[:end] in self.tests for end in ends)

    def _would_be_collected(self, name: str) -> bool:
        """Whether the test of the measurement would have been collected if it existed."""
        is_hidden = any(_is_below(name, each) for each in self.uncollected)
        return not is_hidden and any(_is_below(name, each) for each in self.roots)

    def list_asked(self, names: Iterable[str]) -> List[str]:
        """The measurements of the files and folders that this run was asked for; none if it left tests of them out."""
        return [] if self.hidden or self.cut else [name for name in names if self._would_be_collected(name)]

    def leaves_out(self, names: Iterable[str]) -> bool:
        """Whether there are tests of these measurements that this run does not have."""
        return bool(self.hidden or self.cut) or any(
            not self._exists(each) and not self._would_be_collected(each) for each in names
        )

    def list_gone(self, names: Iterable[str]) -> List[str]:
        """The measurements whose tests are known to be gone."""
        if self.hidden:
            return []
        return sorted(name for name in names if not self._exists(name) and self._would_be_collected(name))
