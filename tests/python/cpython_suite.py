"""CPython's own tests with the hook on, which a sitecustomize imports, against the same without: the outcomes are equal.

    HEAPSTER_BUILD=build python3 tests/python/cpython_suite.py [test_json ...]

Prints a line a module, and each test whose outcome differs; ends with 1 where one does, 77 where the tests are missing
(Debian: libpython3.11-testsuite and so on). A difference that repeats without the hook is no difference: each module that differs
is run once more, both ways.
"""

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile

MODULES = ["test_tracemalloc", "test_capi", "test_gc", "test_json", "test_re", "test_sys", "test_weakref", "test_threading"]
OUTCOME = re.compile(r"^(test\w* \([\w.]+\)).*? \.\.\. (?:.*\n)*?(ok|FAIL|ERROR|skipped|expected failure|unexpected success)", re.M)
BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])

SITE = "import heapster\nassert heapster.status().python_way == 'import', heapster.status()\n"


def outcomes(module, folder, is_hooked):
    """{test: outcome} of a module, run in a process of its own."""
    path = [str(folder), str(BUILD / "python")] if is_hooked else []
    environment = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "PYTHONPATH")}
    environment["PYTHONPATH"] = os.pathsep.join(path)
    command = [sys.executable, "-m", "test", "-v", "--timeout", "900", module]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, errors="replace")
    found = dict(OUTCOME.findall(done.stdout + done.stderr))
    found["(the module)"] = f"status {done.returncode}"
    return found


def differences(module, folder):
    """[(test, without, with)], of the tests that differ, and how many there are."""
    without, hooked = outcomes(module, folder, False), outcomes(module, folder, True)
    names = sorted({*without, *hooked})
    return [(name, without.get(name), hooked.get(name)) for name in names if without.get(name) != hooked.get(name)], len(names)


def check(module, folder):
    found, count = differences(module, folder)
    if found:
        again = {name for name, _, _ in differences(module, folder)[0]}
        found = [line for line in found if line[0] in again]
    print(f"{module}: {count} outcomes, {len(found)} differ", flush=True)
    for name, without, hooked in found:
        print(f"    {name}: {without} without, {hooked} with the hook")
    return not found


def main():
    if importlib.util.find_spec("test.test_json") is None:
        print("CPython's tests are not installed: apt-get install libpython%d.%d-testsuite" % sys.version_info[:2])
        return 77
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "sitecustomize.py").write_text(SITE, encoding="utf-8")
        results = [check(module, folder) for module in sys.argv[1:] or MODULES]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
