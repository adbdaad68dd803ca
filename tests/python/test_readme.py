"""The examples of python/README.md run as they stand."""

import pathlib
import re
import threading
import urllib.request

import pytest

README = pathlib.Path(__file__).parents[2] / "python" / "README.md"
EXAMPLES = dict(re.findall(r"^## ([^\n]*)\n+```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S))


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_runs(title):
    names = {"__name__": "example"}
    exec(compile(EXAMPLES[title], title, "exec"), names)
    if "server" in names:
        names["server"].server_close()


def test_the_metrics_server_answers_with_every_heap():
    names = {"__name__": "example"}
    exec(compile(EXAMPLES["Metrics in production"], "metrics", "exec"), names)
    server = names["server"]
    names["Metrics"].log_message = lambda *arguments: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
        text = answer.read().decode()
    server.shutdown()
    server.server_close()
    assert 'heapster_allocs_total{heap="malloc"}' in text


def test_every_example_is_found():
    assert len(EXAMPLES) == README.read_text(encoding="utf-8").count("```python\n")
