"""The cases: what cases.toml says of each, and which are meant by the words of a command line."""

import dataclasses
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Case:
    name: str  # "core/heal_bytes"
    right: str  # what is right, in one line
    issue: int  # the one that mends it
    folder: Path = HERE  # of cases.toml
    file: str = ""  # the program or script, from `folder`; NAME.* if not given
    args: tuple = ()  # for one file that is several cases
    flags: tuple = ()  # for the compiler
    under_run: bool = False  # started by `heapster run`
    can_crash: bool = False  # the end by a signal is a verdict: wrong
    needs: tuple = ()  # see needs.py
    timeout: int = 60  # seconds
    long: bool = False  # takes longer than the others, or needs what few machines have
    mended: bool = False  # has to be right

    @property
    def path(self):
        if self.file:
            return self.folder / self.file
        (path,) = self.folder.glob(f"{self.name}.*")
        return path


def load(folder=HERE):
    """Every case of a folder's cases.toml, in its order."""
    with open(folder / "cases.toml", "rb") as file:
        rows = tomllib.load(file)
    cases = []
    for name, row in rows.items():
        lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
        cases.append(Case(name, folder=folder, **{**row, **lists}))
    return cases


def select(cases, names):
    """Those named: a case, or all below a group. KeyError for a name that stands for none."""
    for name in names:
        if not any(is_meant(case, name) for case in cases):
            raise KeyError(name)
    return [case for case in cases if not names or any(is_meant(case, name) for name in names)]


def is_meant(case, name):
    return f"{case.name}/".startswith(f"{name.rstrip('/')}/")
