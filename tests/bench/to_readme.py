"""Puts a bench's figures, kept as CSV, into the table of the root README that names the file."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def table(csv):
    """The rows under the header line; the last two columns are a spread."""
    rows = [line.split(",") for line in csv.splitlines() if not line.startswith("#")][1:]
    return "".join(f"| {' | '.join(row[:-2])} | {row[-2]} .. {row[-1]} |\n" for row in rows)


def main():
    kept = sys.argv[1]
    readme = ROOT / "README.md"
    begin, end = f"<!-- figures: {kept} -->\n", "<!-- end of figures -->"
    before, found, rest = readme.read_text(encoding="utf-8").partition(begin)
    if not found:
        return
    old, _, after = rest.partition(end)
    heading = "".join(old.splitlines(keepends=True)[:2])
    text = before + begin + heading + table((ROOT / kept).read_text(encoding="utf-8")) + end + after
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
