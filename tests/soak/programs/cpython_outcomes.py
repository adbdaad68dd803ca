"""What a verbose run of CPython's tests printed, as a sorted line a test: its name and its outcome."""

import pathlib
import re
import sys

OUTCOME = re.compile(r"^(test\w* \([\w.]+\)).*? \.\.\. (?:.*\n)*?(ok|FAIL|ERROR|skipped|expected failure)", re.MULTILINE)

text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8", errors="replace")
for name, outcome in sorted(OUTCOME.findall(text)):
    print(name, outcome)
