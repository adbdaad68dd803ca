"""The floors' checker goes red on each kind of breach, and only there."""

import pathlib

import check_floors
import pytest

# What the lines below include from a folder whose files include each other.
NEIGHBOURS = {name: "" for name in ("core/cli/options.h", "bindings/common/script.h", "bindings/python/module.h")}


@pytest.fixture
def tree(tmp_path):
    """Writes files and answers what the checker says about them."""

    def check(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(check_floors.breaches(tmp_path))

    return check


def test_this_tree_keeps_its_floors():
    assert list(check_floors.breaches(pathlib.Path(__file__).resolve().parent.parent)) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("core/src/heap.c", '#include "counters.h"'),
        ("core/src/window.c", '#include "heap.h"'),
        ("core/src/window.c", "#include <heapster/window.h>"),
        ("core/src/counters.c", '#include "counters.h"'),
        ("core/include/heapster/heap.h", "#include <heapster/allocator.h>"),
        ("core/include/heapster/limit.h", "#include <heapster/stats.h>"),
        ("core/cli/run.c", '#include "options.h"'),
        ("core/cli/run.c", "#include <heapster/heapster.h>"),
        ("bindings/python/call.c", '#include "common/script.h"'),
        ("bindings/python/call.c", '#include "python/module.h"'),
        ("core/src/platform.c", "#ifdef __GLIBC__\n#endif"),
        ("core/src/atomics.h", "#include <stdatomic.h>\n#if defined(__x86_64__)\n#endif"),
        ("core/include/heapster/base.h", "#if defined(__GNUC__)\n#endif"),
        ("core/src/heap.c", '/* not "#include "report.h" and not\n#include <stdatomic.h> */'),
        ("core/src/heap.c", "#include <stdio.h>"),
    ],
)
def test_going_down_is_silent(tree, path, line):
    assert tree({**NEIGHBOURS, path: line + "\n"}) == []


@pytest.mark.parametrize(
    ("path", "line", "said"),
    [
        ("core/src/counters.c", '#include "heap.h"', "includes heap.h, which is not below it"),
        ("core/src/counters.c", "#include <heapster/heap.h>", "includes heapster/heap.h, which is not below it"),
        ("core/src/window.c", '#include "allocator.h"', "includes allocator.h, which is not below it"),
        ("core/src/histogram.c", '  #  include "stats.h"', "includes stats.h, which is not below it"),
        ("core/include/heapster/stats.h", "#include <heapster/heap.h>", "which is not below it"),
        ("core/src/report.c", '#include "../cli/run.h"', "has no floor"),
        ("bindings/common/script.c", '#include "python/module.h"', "includes python/module.h, which is not below it"),
        ("bindings/lua/hook.c", '#include "python/module.h"', "includes python/module.h, which is not below it"),
        ("core/src/novelty.c", "", 'add "novelty" to FLOORS'),
        ("core/src/heap.c", '#include "novelty.h"', 'add "novelty" to FLOORS'),
        ("core/src/heap.c", "#include <stdatomic.h>", "only core/src/atomics.h may"),
        ("core/src/heap.h", "#ifdef __GLIBC__\n#endif", "asks for __GLIBC__"),
        ("core/src/heap.c", "#if defined(FOO) && \\\n  defined(__x86_64__)\n#endif", "asks for __x86_64__"),
        ("core/cli/run.c", "#if FOO\n#elif defined(__linux__)\n#endif", "asks for __linux__"),
    ],
)
def test_each_breach_is_named(tree, path, line, said):
    found = tree({**NEIGHBOURS, path: line + "\n"})
    assert len(found) == 1
    assert found[0].startswith(f"{path}: ")
    assert said in found[0]


def test_the_status_is_1_on_a_breach_and_0_without(tree, tmp_path, capsys):
    tree({"core/src/heap.c": '#include "counters.h"\n'})
    assert check_floors.main([str(tmp_path)]) == 0
    tree({"core/src/heap.c": '#include "report.h"\n'})
    assert check_floors.main([str(tmp_path)]) == 1
    assert "core/src/heap.c" in capsys.readouterr().out
