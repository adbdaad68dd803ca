"""Puts the headline figures, kept as CSV, between their markers in the root README.

    to_readme.py [README]
"""

import pathlib
import sys

import interleaved

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- figures: tests/bench/results/headline.csv -->\n", "<!-- end of figures -->"


def table(path):
    """When and where, and a row a promise; what was measured of a reason stands beside a missed one only."""
    comments, rows = interleaved.read(path)
    lines = [f"{comments[1]}, {comments[2]}:", ""]
    lines += ["| figure | must be | found | interquartile range | |", "|---|---|---|---|---|"]
    for row in rows:
        median, low, high = (row[name] for name in interleaved.columns("found"))
        verdict = row["verdict"] if row["verdict"] == "met" else f"{row['verdict']}: {row['by measurement']}"
        middle = f"{low} .. {high}" if median else ""
        lines.append(f"| {row['figure']} | {row['must be']} | {median} | {middle} | {verdict} |")
    return "".join(f"{line}\n" for line in lines)


def main():
    readme = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "README.md"
    before, found, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        sys.exit(f"{readme}: there is no {BEGIN.strip()} with {END} behind it")
    readme.write_text(before + BEGIN + table(interleaved.RESULTS / "headline.csv") + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
