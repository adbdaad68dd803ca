"""Checks that no file in core, bindings, python and lua uses a word that only this project would understand.

Run without arguments on the tree this file is in, or with the root of another. Prints one line per use; the status is 1 if
there is any. The words to use instead are in core/README.md, Glossary. An identifier counts by its parts: `book_free` is a
use of "book".
"""

import pathlib
import re
import sys

FOLDERS = ("core", "bindings", "python", "lua")
SUFFIXES = (".c", ".h", ".i", ".py", ".pyi", ".lua", ".md", ".1", ".txt", ".toml")

# Each private word, in every form that was in use, and the word to write.
WORDS = {
    "drift|drifts|untold": "pending bytes",
    "ledger|ledgers": "high-water mark",
    "told": "flushed, or said",
    "epoch|epochs": "peak interval",
    "gate|gates": "cached shard",
    "orphan|orphans": "shared shard",
    "descend|descends|descended|descent|ascend|ascends|ascended": "enter or leave the re-entry guard",
    "book|books|booked|booking": "accounting, record, count",
    "guest|guests": "foreign block",
    "stretch|stretches": "segment",
    "stale": "missed free",
    "odd|once_odd": "slow path",
    "blemish|blemishes": "inaccuracies",
    "glance|glances": "throttled rescan",
    "foretold": "predictable",
    "contested": "ambiguous",
    "tally|tallies": "totals",
    "rehearse|rehearses|rehearsal|rehearsed": "warm-up",
    "parcel|parcels": "payload",
    "steadiness": "retry policy",
    "unclean": "polluted",
}
PHRASES = {
    r"at[_ ]once[_ ](?:odd|any)|_at_once\b": "fast path",
    r"block[_ ]map": "shadow map",
    r"come_near|place_far|place_had": "lookup, walk, ensure",
    r"middle half": "interquartile range",
}
RULES = [
    *((re.compile(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])", re.IGNORECASE), instead) for words, instead in WORDS.items()),
    *((re.compile(phrase, re.IGNORECASE), instead) for phrase, instead in PHRASES.items()),
]


def find_uses(root):
    """Every use under `root`, one line each."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SUFFIXES or not path.is_file():
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                for rule, instead in RULES:
                    for match in rule.finditer(line):
                        yield f"{path.relative_to(root)}:{number}: \"{match[0]}\"; write: {instead}"


def main(arguments):
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent.parent
    found = list(find_uses(root))
    print("\n".join(found) if found else "no private word is in use")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
