"""What a package index shows: README.md as it reads outside the source tree, and the project's addresses. scikit-build-core
asks for both, in the project's folder."""

import pathlib
import posixpath
import re

README = "python/README.md"
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)([^)\s]+)\)")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def _without_link(match):
    """Return the link's text and, unless the text says it, where the file lies in the source tree."""
    text, target = match.groups()
    path = posixpath.normpath(posixpath.join(posixpath.dirname(README), target.partition("#")[0]))
    return text if path.endswith(text) else f"{text} (`{path}`)"


def without_relative_links(text):
    """Return a README without the links that lead to files beside it, of which an index has none."""
    parts = _FENCED.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(_without_link, part) for part in parts)


def urls(cmake):
    """Return the addresses that the text of CMakeLists.txt has."""
    found = re.search(r'HOMEPAGE_URL "(https?://[^"]+)"', cmake)
    return {"Homepage": found[1]} if found else {}


def dynamic_metadata(field, settings=None):
    if field == "urls":
        return urls(pathlib.Path("CMakeLists.txt").read_text(encoding="utf-8"))
    if field == "readme":
        text = pathlib.Path(README).read_text(encoding="utf-8")
        return {"content-type": "text/markdown", "text": without_relative_links(text)}
    raise ValueError(f"nothing is known of {field}")
