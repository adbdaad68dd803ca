"""Every figure of a run for machines and for a pull request: --heap-report=json:PATH, markdown:PATH."""

import json
from typing import Callable, Dict, List

from heapster import figures

from pytest_heapster.record import Record
from pytest_heapster.summary import RANKS, change_words, changes_of


def as_json(fingerprint: str, records: List[Record]) -> str:
    """The measurements by their names: figures, sizes, baseline, and what became of them."""
    found = {each["name"]: {key: value for key, value in each.items() if key != "name"} for each in records}
    return json.dumps({"fingerprint": fingerprint, "measurements": dict(sorted(found.items()))}, indent=1) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _row(record: Record) -> str:
    values = [figures.figure(field, record["measured"]["figures"][field]) for field, _ in RANKS]
    against = "; ".join(change_words(each) for each in changes_of(record)) or ("as it was" if record["baseline"] else "none")
    return f"| {' | '.join([_cell(record['name']), *values, record['state'], _cell(against)])} |"


def as_markdown(fingerprint: str, records: List[Record]) -> str:
    head = ["| measurement | requests | bytes | peak | | against the baseline |", "|---|---:|---:|---:|---|---|"]
    rows = [_row(each) for each in sorted(records, key=lambda each: each["name"])]
    return "\n".join([f"### heapster: {fingerprint}", "", *head, *rows]) + "\n"


FORMATS: Dict[str, Callable[[str, List[Record]], str]] = {"json": as_json, "markdown": as_markdown}
