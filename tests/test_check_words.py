"""check_words.py finds each private word, as a word and as a part of an identifier, and nothing else."""

import check_words
import pytest


@pytest.fixture
def find(tmp_path):
    def check(line, name="core/src/heap/heap.c"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first\n{line}\n", encoding="utf-8")
        return list(check_words.find_uses(tmp_path))

    return check


@pytest.mark.parametrize(
    "line",
    ["/* The drift. */", "free_odd(block);", "heapster__book_free();", "struct Books books;", "BOOKS = 1", "a block map",
     "alloc_at_once(map)", "two stretches", "untold_by", "HEAPSTER__LEDGER", "`orphan`"],
)  # fmt: skip
def test_a_private_word_is_found(find, line):
    assert any(use.startswith("core/src/heap/heap.c:2: ") for use in find(line))


@pytest.mark.parametrize(
    "line",
    ["bookmark", "aggregate", "dealing with todd", "goldenrod", "a guesthouse", "it is done at once", "investigate"],
)
def test_a_word_that_only_contains_one_is_not(find, line):
    assert find(line) == []


@pytest.mark.parametrize("name", ["tests/core/test_heap.c", "core/src/heap/heap.o"])
def test_other_files_are_not_read(find, name):
    assert find("drift", name) == []


def test_the_status_is_1_on_a_use_and_0_without(find, tmp_path, capsys):
    find("ledger")
    assert check_words.main([str(tmp_path)]) == 1
    assert "high-water mark" in capsys.readouterr().out
    find("peak")
    assert check_words.main([str(tmp_path)]) == 0
