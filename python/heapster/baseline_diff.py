"""Compare two baselines: python -m heapster baseline diff BEFORE AFTER

The exit status is 2 if a figure rose, 4 if figures only fell, 0 if all are equal, 1 if there is nothing to compare.
Measurements of only one file are listed, not judged.
"""

import argparse
import json
import pathlib
import sys
from typing import Any, Callable, Dict, List, NamedTuple, NoReturn, Sequence, Tuple

from heapster import baseline_file, figures
from heapster.baseline import Baseline, Change, changes

EQUAL, UNABLE, REGRESSION, IMPROVEMENT = 0, 1, 2, 4


class Difference(NamedTuple):
    """The difference for a fingerprint in both files."""

    changes: List[Change]
    added: List[str]
    removed: List[str]


# By fingerprint.
Differences = Dict[str, Difference]


def compared(before: Baseline, after: Baseline) -> Differences:
    found = {}
    for fingerprint in sorted({*before} & {*after}):
        old, new = before[fingerprint], after[fingerprint]
        found[fingerprint] = Difference(changes(old, new), sorted({*new} - {*old}), sorted({*old} - {*new}))
    return found


def status(differences: Differences) -> int:
    every = [change for difference in differences.values() for change in difference.changes]
    if any(change.after > change.before for change in every):
        return REGRESSION
    return IMPROVEMENT if every else EQUAL


def _words(change: Change) -> Tuple[str, str, str, str]:
    """Return before, after, by how much, in which buckets."""
    before, after = (figures.figure(change.field, value) for value in (change.before, change.after))
    return before, after, figures.signed(change.field, change.after - change.before), figures.buckets(change.sizes)


def as_text(differences: Differences, alone: List[str]) -> str:
    lines = []
    for fingerprint, (changed, added, removed) in differences.items():
        lines.append(f"{fingerprint}: {len(changed)} changed, {len(added)} added, {len(removed)} removed")
        for change in changed:
            before, after, by, sizes = _words(change)
            lines.append(f"  {change.name}: {change.field} {before} -> {after} ({by}{': ' if sizes else ''}{sizes})")
        lines += [f"  added: {name}" for name in added] + [f"  removed: {name}" for name in removed]
    return "\n".join(lines + [f"{fingerprint}: only in one of the files" for fingerprint in alone])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def as_markdown(differences: Differences, alone: List[str]) -> str:
    parts = []
    for fingerprint, (changed, added, removed) in differences.items():
        rows = ["| measurement | figure | before | after | change | sizes |", "|---|---|---|---|---|---|"]
        rows += [f"| {_cell(each.name)} | {each.field} | {' | '.join(_words(each))} |" for each in changed]
        lists = [f"- {verb}: {_cell(name)}" for verb, names in (("added", added), ("removed", removed)) for name in names]
        body = rows if changed else ["No figure changed."]
        parts.append("\n".join([f"### {fingerprint}", "", *body, *([""] if lists else []), *lists]))
    return "\n\n".join(parts + [f"{fingerprint}: only in one of the files" for fingerprint in alone])


def as_json(differences: Differences, alone: List[str]) -> str:
    def change(each: Change) -> Dict[str, Any]:
        return {**each._asdict(), "sizes": {str(low): by for low, by in each.sizes}}

    found = {
        fingerprint: {"changed": [change(each) for each in changed], "added": added, "removed": removed}
        for fingerprint, (changed, added, removed) in differences.items()
    }
    return json.dumps({"status": status(differences), "compared": found, "only in one file": alone}, indent=1)


FORMATS: Dict[str, Callable[[Differences, List[str]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}


class _Parser(argparse.ArgumentParser):
    """Ends with status 1 on a wrong argument, since 2 means that a figure rose."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UNABLE, f"{self.prog}: error: {message}\n")


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(prog="python -m heapster baseline", description=__doc__,
                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["diff"], metavar="diff")
    parser.add_argument("before", type=pathlib.Path, metavar="BEFORE")
    parser.add_argument("after", type=pathlib.Path, metavar="AFTER")
    parser.add_argument("--format", choices=sorted(FORMATS), default="text")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> int:
    """Print the difference of the two files; return the status."""
    arguments = _arguments(given)
    try:
        before, after = baseline_file.read(arguments.before), baseline_file.read(arguments.after)
    except FileNotFoundError as error:
        print(f"heapster: {error.filename}: there is no such file", file=sys.stderr)
        return UNABLE
    except baseline_file.Unreadable as error:
        print(f"heapster: {error}", file=sys.stderr)
        return UNABLE
    differences = compared(before, after)
    if not differences:
        names = f"{arguments.before} and {arguments.after}"
        print(f"heapster: {names} have no fingerprint in common: nothing to compare", file=sys.stderr)
        return UNABLE
    print(FORMATS[arguments.format](differences, sorted({*before} ^ {*after})))
    return status(differences)
