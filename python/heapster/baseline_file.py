"""The file of a baseline: JSON, sorted, one line per measurement, so that people can read its diff."""

import collections
import json
import os
import pathlib
import re
from typing import Any, Counter, Dict, Iterator, List, NoReturn, Tuple

from heapster.baseline import FIGURES, Baseline, Entries, Entry

FORMAT = 2
FORMAT_KEY = "heapster_baseline"
SIZES_KEY = "sizes"
VARIES_KEY = "varies"
LARGEST = 2**63 - 1

SIZE = re.compile(r"0|[1-9][0-9]{0,19}")

# Fingerprints of format 1 hold heapster's version, whose counting rules were the first.
OLD_VERSION = re.compile(r"\bheapster-0\.1\.\d+\b")

# What git leaves at the beginning of a line where it could not merge.
CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)


class Unreadable(Exception):
    """Why the file is no baseline or cannot be written: one line, with the position."""


class _Twice(Exception):
    """A key occurs twice in an object. The second argument is how many of that key the text has up to there."""


class _Reader:
    """Parses the text of a file; `path` is for messages."""

    def __init__(self, path: pathlib.Path, text: str) -> None:
        self.path = path
        self.text = text
        self.seen: Counter[str] = collections.Counter()

    def refuse(self, position: int, why: str) -> NoReturn:
        line = self.text.count("\n", 0, position) + 1
        column = position - self.text.rfind("\n", 0, position)
        raise Unreadable(f"{self.path}:{line}:{column}: {why}")

    def places(self, key: str, start: int = 0) -> Iterator[int]:
        """Yield the positions of the key before a colon."""
        for match in re.finditer(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:", self.text[start:]):
            yield start + match.start()

    def refuse_at(self, keys: Tuple[str, ...], why: str) -> NoReturn:
        """Refuse the value that the keys lead to, from the outermost in."""
        position = 0
        for key in keys:
            position = next(self.places(key, position), position)
        self.refuse(position, why)

    def once(self, pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
        """Refuse a key that occurs twice; json would keep the last one silently."""
        found = {}
        for key, value in pairs:
            self.seen[key] += 1
            if key in found:
                raise _Twice(key, self.seen[key])
            found[key] = value
        return found

    def refuse_syntax(self, error: json.JSONDecodeError) -> NoReturn:
        conflict = CONFLICT.search(self.text)
        if conflict:
            self.refuse(conflict.start(), "a merge conflict: resolve it, or keep one side and update")
        is_cut = error.pos >= len(self.text.rstrip()) or error.msg.startswith("Unterminated string")
        self.refuse(error.pos, f"not JSON{' at its end: was it cut short?' if is_cut else ': ' + error.msg}")

    def parse(self) -> Any:
        try:
            return json.loads(self.text, object_pairs_hook=self.once)
        except json.JSONDecodeError as error:
            self.refuse_syntax(error)
        except RecursionError:
            self.refuse(0, "not a baseline: nested too deep")
        except ValueError:  # CPython 3.11 and newer refuse thousands of digits
            digits = re.search(r"\d{4301,}", self.text)
            self.refuse(digits.start() if digits else 0, "not a baseline: a number has too many digits")
        except _Twice as error:
            key, count = error.args
            position = list(self.places(key))[count - 1 :] or [0]
            self.refuse(position[0], f'"{key}" stands here a second time: keep one of the two')

    def figures(self, keys: Tuple[str, ...], found: Any) -> Dict[str, int]:
        if not isinstance(found, dict):
            self.refuse_at(keys, f'"{keys[-1]}" is not an object of figures')
        for name, value in found.items():
            if type(value) is not int or not 0 <= value <= LARGEST:
                self.refuse_at((*keys, name), f'"{name}" is not a figure')
        return found

    def ranges(self, keys: Tuple[str, ...], found: Any) -> Dict[str, Tuple[int, int]]:
        if not isinstance(found, dict):
            self.refuse_at(keys, f'"{keys[-1]}" is not an object of pairs')
        for name, pair in found.items():
            is_pair = isinstance(pair, list) and len(pair) == 2 and all(type(each) is int for each in pair)
            if not is_pair or not 0 <= pair[0] <= pair[1] <= LARGEST:
                self.refuse_at((*keys, name), f'"{name}" is not a pair of the least and the most')
        return {name: (pair[0], pair[1]) for name, pair in found.items() if name in FIGURES}

    def entry(self, keys: Tuple[str, ...], found: Any) -> Entry:
        if not isinstance(found, dict):
            self.refuse_at(keys, f'"{keys[-1]}" is not an object of figures')
        varies = self.ranges((*keys, VARIES_KEY), found.pop(VARIES_KEY, {}))
        sizes = self.figures((*keys, SIZES_KEY), found.pop(SIZES_KEY, {}))
        for low in sizes:
            if not SIZE.fullmatch(low) or int(low) >= 1 << 64:
                self.refuse_at((*keys, SIZES_KEY, low), f'"{low}" is not a size in bytes')
        figures = self.figures(keys, found)
        known = {name: figures[name] for name in FIGURES if name in figures}
        return Entry(known, {int(low): count for low, count in sizes.items()}, varies)

    def entries(self, fingerprint: str, found: Any) -> Entries:
        if not isinstance(found, dict):
            self.refuse_at((fingerprint,), f'"{fingerprint}" is not an object of measurements')
        return {name: self.entry((fingerprint, name), entry) for name, entry in found.items()}

    def baseline(self) -> Baseline:
        whole = self.parse()
        if not isinstance(whole, dict) or FORMAT_KEY not in whole:
            self.refuse(0, f'not a baseline of heapster: it has no "{FORMAT_KEY}"')
        found = whole.pop(FORMAT_KEY)
        if type(found) is int and found > FORMAT:
            self.refuse_at((FORMAT_KEY,), f"format {found} is of a newer heapster; this one reads {FORMAT}")
        if type(found) is not int or found < 1:
            self.refuse_at((FORMAT_KEY,), f"there is no format {json.dumps(found)}; this heapster reads up to {FORMAT}")
        baseline: Baseline = {}
        for fingerprint, entries in whole.items():
            name = OLD_VERSION.sub("rules-1", fingerprint) if found == 1 else fingerprint
            baseline[name] = {**baseline.get(name, {}), **self.entries(fingerprint, entries)}
        return baseline


def read(path: pathlib.Path) -> Baseline:
    """Return the file's baseline; raise Unreadable, or FileNotFoundError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # an editor may have put a byte order mark there
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not UTF-8 at byte {error.start}") from None
    return _Reader(path, text).baseline()


def _line(name: str, entry: Entry) -> str:
    sizes = {str(low): entry.sizes[low] for low in sorted(entry.sizes)}
    values: Dict[str, object] = {**entry.figures, SIZES_KEY: sizes}
    if entry.varies:
        values[VARIES_KEY] = {field: list(entry.varies[field]) for field in FIGURES if field in entry.varies}
    return f"{_json(name)}: {_json(values)}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def text(baseline: Baseline) -> str:
    """Return the text of the file."""
    parts = [f"{_json(FORMAT_KEY)}: {FORMAT}"]
    for fingerprint in sorted(baseline):
        entries = baseline[fingerprint]
        lines = ",\n".join(_line(name, entries[name]) for name in sorted(entries))
        parts.append(f"{_json(fingerprint)}: {{\n{lines}\n}}" if lines else f"{_json(fingerprint)}: {{}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write(path: pathlib.Path, baseline: Baseline) -> None:
    """Write a second file and rename it, so that there is never half of one; raise Unreadable if that fails."""
    goal = path.resolve()
    beside = goal.with_name(f".{goal.name}.{os.getpid()}")
    try:
        # The name of a file may be no UTF-8. A backslash in front of such a byte is JSON's way to write it, too.
        beside.write_text(text(baseline), encoding="utf-8", errors="backslashreplace")
        if goal.exists():
            os.chmod(beside, goal.stat().st_mode & 0o7777)
        os.replace(beside, goal)
    except OSError as error:
        try:
            beside.unlink()
        except OSError:
            pass  # it does not exist
        raise Unreadable(f"{path}: cannot be written: {error.strerror}") from None
