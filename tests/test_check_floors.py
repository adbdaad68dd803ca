"""check_floors.py reports each kind of breach, and nothing else."""

import pathlib

import check_floors
import pytest

# Two floors, and what the lower one defines: a function, and an inline one in its header.
TREE = {
    "core/src/count/counters.h": "HEAPSTER__INLINE bool heapster__is_counted(\n    unsigned heap) {\n  return heap; }\n",
    "core/src/count/counters.c": "void heapster__count(void (*each)(void)) {\n}\n",
    "core/src/heap/heap.h": "struct heapster__heap {\n};\nvoid heapster__make(void);\n",
    "core/src/heap/heap.c": "static int count;\nvoid heapster__make(void) {\n}\n",
    "core/src/process/report.h": "",
    "core/cli/options.h": "",
    "bindings/common/script.h": "",
    "bindings/python/module.h": "",
}


@pytest.fixture
def find(tmp_path):
    """Writes a tree with one more file, or more text at the end of one, and returns the breaches."""

    def check(path="core/src/base/error.c", text=""):
        for name, content in {**TREE, path: TREE.get(path, "") + text}.items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content + "\n", encoding="utf-8")
        return list(check_floors.find_breaches(tmp_path))

    return check


def test_this_tree_keeps_its_floors():
    assert list(check_floors.find_breaches(pathlib.Path(__file__).resolve().parent.parent)) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("core/src/heap/heap.c", '#include "count/counters.h"'),
        ("core/src/heap/heap.c", '#include "heap/heap.h"'),
        ("core/src/heap/heap.c", "int f(void) { return heapster__is_counted(1); }"),
        ("core/src/heap/window.c", "void f(void) { heapster__make(); }"),
        ("core/src/heap/heap.c", "#include <heapster/report.h>\n#include <stdio.h>"),
        ("core/src/count/counters.c", "void f(struct heapster__heap *heap);"),
        ("core/src/count/counters.c", '/* heapster__make, #include "heap/heap.h",\n#include <stdatomic.h> */'),
        ("core/src/count/sums.c", "int heapster__made;"),
        ("core/cli/run.c", '#include "options.h"\n#include "process/report.h"'),
        ("bindings/python/call.c", '#include "common/script.h"\n#include "python/module.h"'),
        ("core/include/heapster/heap.h", "#include <heapster/allocator.h>"),
        ("core/include/heapster/base.h", "#if defined(__GNUC__)\n#endif"),
        ("core/src/base/platform.c", "#ifdef __GLIBC__\n#endif"),
        ("core/src/base/atomics.h", "#include <stdatomic.h>\n#if defined(__x86_64__)\n#endif"),
    ],
)
def test_what_stays_on_its_floor_or_goes_down_is_allowed(find, path, text):
    assert find(path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("core/src/count/counters.c", '#include "heap/heap.h"', "includes heap/heap.h, which is not below"),
        ("core/src/count/counters.c", '  #  include "../heap/heap.h"', "includes ../heap/heap.h, which is not below"),
        ("core/src/count/counters.c", "void f(void) { heapster__make(); }", "uses heapster__make of core/src/heap/heap.c"),
        ("core/src/base/error.c", "int f(void) { return heapster__is_counted(1); }", "of core/src/count/counters.h"),
        ("core/src/base/error.c", "void f(void) { heapster__count(0); }", "of core/src/count/counters.c"),
        ("core/cli/run.c", '#include "../../bindings/common/script.h"', "which is not below core/cli"),
        ("bindings/common/script.c", '#include "python/module.h"', "which is not below bindings/common"),
        ("bindings/lua/hook.c", '#include "python/module.h"', "which is not below bindings/lua"),
        ("core/src/heap/heap.c", '#include "novelty.h"', "which is in no folder of FLOORS"),
        ("core/src/novelty/novelty.c", "", "is in no folder of FLOORS"),
        ("core/include/heapster/heap.h", '#include "count/counters.h"', "which is not public"),
        ("core/src/heap/heap.c", "#include <stdatomic.h>", "only core/src/base/atomics.h may"),
        ("core/src/heap/heap.h", "#ifdef __GLIBC__\n#endif", "asks for __GLIBC__"),
        ("core/src/heap/heap.c", "#if defined(FOO) && \\\n  defined(__x86_64__)\n#endif", "asks for __x86_64__"),
        ("core/cli/run.c", "#if FOO\n#elif defined(__linux__)\n#endif", "asks for __linux__"),
    ],
)
def test_each_breach_is_named(find, path, text, said):
    found = find(path, text)
    assert len(found) == 1, found
    assert found[0].startswith(f"{path}: ")
    assert said in found[0]


def test_the_status_is_1_on_a_breach_and_0_without(find, tmp_path, capsys):
    find()
    assert check_floors.main([str(tmp_path)]) == 0
    find("core/src/heap/heap.c", '#include "process/report.h"')
    assert check_floors.main([str(tmp_path)]) == 1
    assert "core/src/heap/heap.c" in capsys.readouterr().out
