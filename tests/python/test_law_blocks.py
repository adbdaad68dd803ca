"""Law 8: CPython's own count of its blocks changes as heap `python` does, whatever is older than the hook."""

import os
import pathlib
import subprocess
import sysconfig

import pytest

from builds import HAS_NO_GIL

HERE = pathlib.Path(__file__).parent

BLOCKS = """
import gc, sys
sys.path.insert(0, {folder!r})
old = [object() for _ in range(50_000)] + [bytearray(i) for i in range(0, 5000, 3)]
texts = dict((i, "text %d" % i) for i in range(20_000))
import heapster, law_blocks, random

def change(before):
    blocks, live, unseen, crossed = (a - b for a, b in zip(law_blocks.read(), before))
    return blocks, live - unseen - crossed

def churn(kept, rounds):
    dice = random.Random(8)
    for i in range(rounds):
        kept.append((i, str(i), [i], bytearray(dice.randrange(3000))))
        if len(kept) > 3000:
            kept.pop(dice.randrange(len(kept)))
        if i % 7 == 0 and old:
            old.pop().__class__
        kept[-1][3].extend(b"x" * dice.randrange(2000))

law_blocks.read()
kept = []
before = law_blocks.read()
for turn in range(4):
    churn(kept, 25_000)
    if turn == 1: texts.clear()
    if turn == 2: kept.clear()
    gc.collect()
    blocks, ours = change(before)
    print(blocks, ours)
    assert abs(blocks - ours) <= 8, (blocks, ours)
stats = heapster.stats("python")
assert stats.alloc_count >= 400_000, stats
print(stats.unseen_alloc_count, heapster.status().crossed_count)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the module that reads both sides, built for this interpreter."""
    folder = tmp_path_factory.mktemp("law_blocks")
    lib = os.environ["HEAPSTER_BUILD"] + "/lib"
    command = ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", f"{HERE}/law_blocks.c"]
    command += os.environ.get("HEAPSTER_CFLAGS", "").split()
    paths = [f"-I{HERE.parents[1]}/core/include", f"-isystem{sysconfig.get_paths()['include']}", f"-L{lib}"]
    subprocess.run([*command, *paths, "-lheapster", f"-Wl,-rpath,{lib}", "-o", f"{folder}/law_blocks.so"], check=True)
    return str(folder)


@pytest.fixture
def blocks(plain, folder):
    return lambda **variables: plain(BLOCKS.format(folder=folder), **variables)


def test_blocks_older_than_the_hook_are_told_apart(blocks):
    unseen, crossed = map(int, blocks().split()[-2:])
    assert unseen > 20_000 and crossed == 0


def test_blocks_that_malloc_had_counted_are_told_apart(blocks):
    library = f"{os.environ['HEAPSTER_BUILD']}/lib/libheapster_malloc.so"
    crossed = int(blocks(LD_PRELOAD=library).split()[-1])
    if HAS_NO_GIL:
        assert crossed == 0, "no object is malloc's"
    else:
        assert crossed > 500, "large objects of before the hook were malloc's"
