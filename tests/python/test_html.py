"""What a notebook shows of a Stats."""

import html.parser
import re

import heapster


class Page(html.parser.HTMLParser):
    """Texts and titles; fails where tags are not closed in order."""

    def __init__(self, stats):
        super().__init__()
        self.open, self.texts, self.titles, self.heights = [], [], [], []
        self.feed(stats._repr_html_())
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        attributes = dict(attrs)
        assert not {"src", "href"} & set(attributes)
        self.titles += [attributes["title"]] if "title" in attributes else []
        self.heights += [int(pixels) for pixels in re.findall(r"height:(\d+)px", attributes.get("style", ""))]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def with_blocks(heap):
    """A window of 4 blocks of 100 bytes and one of 700."""
    with heapster.measuring(heap.name) as m:
        blocks = [heap.malloc(size) for size in (100, 100, 100, 100, 700)]
        for block in blocks:
            heap.free(block)
    return m.diff


def test_the_figures_are_those_of_the_text(heap):
    stats = with_blocks(heap)
    texts = Page(stats).texts
    rows = dict(zip(texts[0::2], texts[1::2]))
    for line in str(stats).splitlines():
        name, colon, value = line.partition(": ")
        if colon and not name.endswith("_histogram") and not line.startswith("["):
            assert rows[name] == value


def test_a_bar_stands_for_each_bucket_and_says_what_it_counts(heap):
    page = Page(with_blocks(heap))
    assert page.titles == ["[ 64 B .. 128 B): 4", "[ 128 B .. 256 B): 0", "[ 256 B .. 512 B): 0", "[ 512 B .. 1 KiB): 1"]
    assert page.texts[-5:] == ["alloc_histogram", "64 B", "128 B", "256 B", "512 B"]
    highest, none, _, least = page.heights
    assert highest > least > 0 == none


def test_nothing_counted_has_no_bars(heap):
    with heapster.measuring(heap.name) as m:
        pass
    assert Page(m.diff).titles == []
