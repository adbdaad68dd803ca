"""One size in one run, just below 1 MiB: is it spelled the same in the failure and in the summary?"""

import re
from pathlib import Path

from verdict import pytest, verdict

Path("test_big.py").write_text("""
import pytest


@pytest.mark.heap_limit(use_peak="1 KiB")
def test_big():
    bytes(1048575 - 33 - 50)
""")
text = pytest("--heap-all", "--verbosity=0")
found = set(re.findall(r"1\.00 MiB|1 MiB|1024\.00 KiB|1024 KiB|1023\.\d+ KiB(?= +test_big)", text))
if not found:
    raise SystemExit("no size in what pytest printed")
verdict(len(found) == 1, ", ".join(sorted(found)))
