"""Stats.lua_kinds: what a Lua state that a host counts created, by kind."""

import copy
import ctypes
import json
import pickle

import pytest

import heapster

STRING, TABLE = 4, 5
LARGE = 1000


class State:
    """Asks as a Lua state does: heapster_lua_alloc with the type's tag where there is no block yet."""

    def __init__(self, core, name):
        self.core, self.name, self.ud = core, name, ctypes.c_void_p()
        core.heapster_lua_alloc.restype = ctypes.c_void_p
        core.heapster_lua_alloc.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
        assert core.heapster_lua_state_create(name.encode(), None, ctypes.byref(self.ud)) == 0

    def create(self, tag, size):
        block = self.core.heapster_lua_alloc(self.ud, None, tag, size)
        self.core.heapster_lua_alloc(self.ud, block, size, 0)


@pytest.fixture(scope="module")
def state(shared_heap):
    return State(shared_heap.core, "scripts")


@pytest.fixture
def diff(state):
    def work():
        state.create(TABLE, 56)
        state.create(TABLE, 56)
        state.create(STRING, LARGE)
        state.create(0, 32)

    return heapster.measure(work, heap=state.name)[1]


def test_objects_and_bytes_are_by_kind(diff):
    kinds = diff.lua_kinds
    assert (kinds.tables.count, kinds.tables.sum) == (2, 112)
    assert (kinds.strings.count, kinds.strings.sum) == (1, LARGE)
    assert (kinds.other.count, kinds.other.sum) == (1, 32)
    assert kinds.threads.count == 0
    assert sum(kind.count for kind in kinds) == diff.alloc_count
    assert sum(kind.sum for kind in kinds) == diff.alloc_sum


def test_heaps_of_no_state_have_none(state, heap):
    assert heapster.stats(heap.name).lua_kinds is None
    assert heapster.stats().lua_kinds is not None


def test_differences_have_what_was_created_between(state):
    before = heapster.stats(state.name)
    state.create(TABLE, 56)
    assert (heapster.stats(state.name) - before).lua_kinds.tables == (1, 56)


def test_kinds_are_values(diff):
    kinds = diff.lua_kinds
    assert kinds == diff.lua_kinds and hash(kinds) == hash(diff.lua_kinds)
    assert kinds == pickle.loads(pickle.dumps(kinds)) == copy.deepcopy(kinds)
    assert repr(kinds).startswith("heapster.LuaKinds(strings=heapster.LuaKind(count=1, sum=1000), tables=")
    assert pickle.loads(pickle.dumps(diff)) == diff
    with pytest.raises(AttributeError):
        kinds.tables = 1
    with pytest.raises(AttributeError, match="tabels"):
        kinds.tabels


def test_json_and_the_report_have_them(diff, heap):
    assert json.loads(diff.to_json())["lua_kinds"] == diff.as_dict()["lua_kinds"]
    assert diff.as_dict()["lua_kinds"]["tables"] == {"count": 2, "sum": 112}
    assert heapster.stats(heap.name).as_dict()["lua_kinds"] is None
    assert "\nlua_kinds.strings: 1 (1000 B)\nlua_kinds.tables: 2 (112 B)\nlua_kinds.other: 1 (32 B)\n" in str(diff)


def test_prometheus_has_a_series_a_kind(state):
    tables = heapster.stats(state.name).lua_kinds.tables
    text = heapster.prometheus()
    assert f'heapster_lua_created_total{{heap="scripts",kind="tables"}} {tables.count}\n' in text
    assert f'heapster_lua_created_bytes_total{{heap="scripts",kind="tables"}} {tables.sum}\n' in text
