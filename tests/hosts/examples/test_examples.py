"""The examples do what they say, fail where they should, and are the READMEs'; so do the scripts of the demo."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest
from run_support import HEAPSTER, execute, run

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
INTERPRETERS = {".py": [sys.executable], ".lua": ["lua5.4"]}
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
QUIET = ("-o", "/dev/null")

PAGES = {  # page() as it is, and as it was before somebody thought about it
    ".py": (
        'return "\\n".join(lines)',
        'text = ""\n    for line in lines:\n        text = f"{text}{line}\\n"\n    return text',
    ),
    ".lua": (
        'return table.concat(list, "\\n")',
        'local text = "" for _, line in ipairs(list) do text = text .. line .. "\\n" end return text',
    ),
}


def run_script(script, *words):
    interpreter = PYTEST if script.stem == "regression" and script.suffix == ".py" else INTERPRETERS[script.suffix]
    return run(*interpreter, script, *words, options=QUIET)


def assert_accepted(metrics):
    assert 'heapster_allocs_total{heap="malloc"} ' in metrics
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    checked = execute(["promtool", "check", "metrics"], input=metrics)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["regression.py", "regression.lua", "thrashing.py", "thrashing.lua"])
def test_an_example_runs(name):
    ran = run_script(HERE / name)
    assert (ran.returncode, ran.stderr) == (0, ""), ran


def test_extensions_are_counted_without_the_command():
    ran = execute([*INTERPRETERS[".py"], HERE / "extensions.py"])
    assert ran.returncode == 0 and re.fullmatch(r"\d{3,} requests of sqlite3, attach\n", ran.stdout), ran


def test_the_plugins_example_passes_and_fails_on_a_regression(tmp_path):
    now, before = PAGES[".py"]
    plugin = ["-p", "heapster", "--heap-baseline=update"]
    shutil.copy(HERE / "test_page.py", tmp_path)
    assert execute([*PYTEST, *plugin, "test_page.py"], cwd=tmp_path).returncode == 0
    assert "test_page.py::test_page_of_few_lines#ten lines" in (tmp_path / "heapster-baseline.json").read_text()
    (tmp_path / "test_page.py").write_text((HERE / "test_page.py").read_text().replace(now, before))
    ran = execute([*PYTEST, "-p", "heapster", "test_page.py"], cwd=tmp_path)
    assert ran.returncode == 1
    assert re.search(r"few_blocks: alloc_count: [\d,]+ is [\d,]+ above the limit of 10", ran.stdout)
    assert re.search(r"#ten lines: alloc_count: \d+ is \d+ above the baseline of \d", ran.stdout)


def test_the_failure_in_the_readme_is_that_of_a_copy_of_the_lines(tmp_path):
    page = (HERE / "test_page.py").read_text()
    (tmp_path / "test_page.py").write_text(page)
    assert execute([*PYTEST, "-p", "heapster", "--heap-baseline=update"], cwd=tmp_path).returncode == 0
    (tmp_path / "test_page.py").write_text(page.replace("join(lines)", "join(list(lines))"))
    ran = execute([*PYTEST, "-p", "heapster"], cwd=tmp_path)
    [said] = set(re.findall(r"^test_page.py::.*#ten lines: alloc_count: .*", ran.stdout, re.MULTILINE))
    assert f"\n    {said}\n" in (ROOT / "README.md").read_text("utf-8"), said


@pytest.mark.parametrize("suffix", PAGES)
def test_a_regression_fails_and_says_what_was_too_much(suffix, tmp_path):
    now, before = PAGES[suffix]
    source = (HERE / f"regression{suffix}").read_text()
    assert source.count(now) == 1
    script = tmp_path / f"regression{suffix}"
    script.write_text(source.replace(now, before))
    ran = run_script(script)
    assert ran.returncode == 1
    assert re.search(r"alloc_count: [\d,]+ is [\d,]+ above the limit of 10", ran.stdout + ran.stderr), ran


@pytest.mark.parametrize("name, others", [("thrashing.py", "joined"), ("thrashing.lua", "at once")])
def test_thrashing_shows_growth_and_moves_of_both_ways(name, others):
    printed = run_script(HERE / name).stdout
    growth, moves, average = printed.splitlines()
    assert re.fullmatch(rf"realloc_growth_count: [1-9]\d* .*, 0 {others}", growth)
    assert re.fullmatch(rf"realloc_move_count: \d+ .*, 0 {others}", moves)
    assert re.fullmatch(rf"realloc_move_avg: \w+ .*, (None|nil) {others}", average)


@contextlib.contextmanager
def served(script):
    command = [HEAPSTER, "run", *QUIET, "--", sys.executable, str(script)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_metrics_server_is_fetched_from_and_prometheus_accepts_it():
    with served(HERE / "metrics.py") as address, urllib.request.urlopen(address, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4"
        metrics = answer.read().decode()
    assert_accepted(metrics)


def test_metrics_file_is_whole_alone_and_accepted_by_prometheus(tmp_path):
    path = tmp_path / "game.prom"
    ran = run_script(HERE / "metrics.lua", path)
    assert (ran.returncode, ran.stderr) == (0, ""), ran
    assert [file.name for file in tmp_path.iterdir()] == ["game.prom"]
    assert_accepted(path.read_text())


@pytest.mark.parametrize(
    "name, folder",
    [
        ("test_page.py", ""),
        *((name, "python") for name in ("regression.py", "metrics.py", "extensions.py")),
        *((name, "lua") for name in ("regression.lua", "metrics.lua")),
    ],
)
def test_an_example_is_the_readmes(name, folder):
    readme = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    title = re.escape(f"<!-- sample: tests/hosts/examples/{name} -->")
    shown = re.search(title + r"\n```\w+\n(.*?)```\n<!-- end of sample -->", readme, re.DOTALL)
    assert shown and shown[1] == (HERE / name).read_text()


def number(text, figure):
    return int(re.search(rf"^{figure}: ([\d,]+)$", text, re.MULTILINE)[1].replace(",", ""))


TABLES = [("build_table.py", "realloc_growth_count"), ("build_table.lua", "alloc_count")]


@pytest.mark.parametrize("name, figure", TABLES)
def test_demo_shows_both_ways_and_what_the_second_took_more(name, figure):
    ran = run_script(ROOT / "tests/hosts/demo" / name)
    assert (ran.returncode, ran.stderr) == (0, ""), ran
    _, first, second, difference = re.split(r"^-- .*\n", ran.stdout, flags=re.MULTILINE)
    before, after, more = (number(text, figure) for text in (first, second, difference))
    assert more == after - before > 0
    assert "The same " in difference
