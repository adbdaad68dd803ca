"""What a package index shows of the project."""

import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def metadata(monkeypatch):
    """As scikit-build-core asks: in the project's folder."""
    monkeypatch.syspath_prepend(str(ROOT / "python" / "backend"))
    monkeypatch.chdir(ROOT)
    return importlib.import_module("heapster_metadata")


def links(text):
    return re.findall(r"\]\(([^)]+)\)", re.sub(r"(?ms)^```.*?^```$", "", text))


def test_the_readme_has_no_link_that_an_index_cannot_follow(metadata):
    readme = (ROOT / "python/README.md").read_text(encoding="utf-8")
    shown = metadata.dynamic_metadata("readme", {})
    assert shown["content-type"] == "text/markdown"
    assert [link for link in links(readme) if not link.startswith("http")]
    assert [link for link in links(shown["text"]) if not link.startswith("http")] == []


def test_the_files_that_it_names_instead_are_there(metadata):
    text = metadata.dynamic_metadata("readme")["text"]
    named = re.findall(r" \(`([^`]+)`\)", text)
    assert named and [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see [the guards](../tests/guards/README.md)", "see the guards (`tests/guards/README.md`)"),
        ("see [core/README.md](../core/README.md#words).", "see core/README.md."),
        ("a [site](https://luals.github.io) stays", "a [site](https://luals.github.io) stays"),
        ("```c\nvoid (*f[2])(int);\na[0](x);\n```\n[a](b)", "```c\nvoid (*f[2])(int);\na[0](x);\n```\na (`python/b`)"),
        ("no link", "no link"),
    ],
)
def test_a_relative_link_becomes_its_text_and_its_path(metadata, text, shown):
    assert metadata.without_relative_links(text) == shown


def test_addresses_are_those_of_cmake(metadata):
    project = 'project(heapster VERSION 0.1.0\n  HOMEPAGE_URL "{}")'
    assert metadata.urls(project.format("https://heapster.invalid")) == {"Homepage": "https://heapster.invalid"}
    assert metadata.urls(project.format("")) == {}
    assert metadata.dynamic_metadata("urls") == metadata.urls((ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))


def test_another_field_is_refused(metadata):
    with pytest.raises(ValueError, match="nothing is known of version"):
        metadata.dynamic_metadata("version")
