/* Heaps in Lua: which one is meant, and all of them. */
#include "lua/values.h"

#include "common/held.h"
#include "common/hooks.h"
#include "common/reasons.h"
#include "lua/errors.h"
#include "lua/hook.h"

#include <string.h>

static const struct heapster__held_heap *held_at(lua_State *L, int index) {
  return heapster__lua_test(L, index, HEAPSTER__CLASS_HEAP);
}

bool heapster__lua_is_heap(lua_State *L, int index) { return lua_type(L, index) == LUA_TSTRING || held_at(L, index); }

void heapster__lua_push_heap(lua_State *L, const struct heapster_heap *heap) {
  const struct heapster__held_heap held = heapster__hold_heap(heap);
  heapster__lua_push(L, HEAPSTER__CLASS_HEAP, &held);
}

static const struct heapster_heap *check_held(lua_State *L, const struct heapster__held_heap *held) {
  const struct heapster_heap *const heap = held ? heapster__held_heap(held) : NULL;
  if (held && !heap) heapster__lua_raise(L, HEAPSTER__LUA_UNKNOWN_HEAP, heapster__explain_ended(held->name));
  return heap;
}

/* The calling state's heap, whatever its name is. */
static const struct heapster_heap *check_own_heap(lua_State *L) {
  const struct heapster_heap *const heap = heapster__lua_own_heap(L);
  if (!heap)
    heapster__lua_raise(L, HEAPSTER__LUA_NOT_COUNTING, heapster__explain_uncounted("lua", heapster__lua_problem(L)));
  return heap;
}

const struct heapster_heap *heapster__lua_find_heap(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return check_held(L, held_at(L, index));
  const char *const name = heapster__lua_chars(L, index);
  if (!strcmp(name, "lua")) return check_own_heap(L);
  const struct heapster_heap *const heap = heapster_heap_find(name);
  if (heap) return heap;
  heapster__lua_raise(L, heapster__is_hook_name(name) ? HEAPSTER__LUA_NOT_COUNTING : HEAPSTER__LUA_UNKNOWN_HEAP,
                      heapster__explain_heap(name));
  return NULL;
}

const struct heapster_heap *heapster__lua_check_heap(lua_State *L, int argument) {
  if (!heapster__lua_is_heap(L, argument)) luaL_typeerror(L, argument, "heap's name or heapster.Heap");
  return heapster__lua_find_heap(L, argument);
}

/* heap([heap]): a heap, the calling state's without an argument. */
int heapster__lua_heap(lua_State *L) {
  heapster__lua_check_count(L, 0, 1);
  const struct heapster_heap *const heap = lua_isnone(L, 1) ? check_own_heap(L) : heapster__lua_check_heap(L, 1);
  heapster__lua_push_heap(L, heap);
  return 1;
}

/* __tostring of the array of heaps(): a line for each. */
static int list_to_string(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushliteral(L, "");
  for (lua_Integer i = 1; lua_geti(L, 1, i) != LUA_TNIL; i++) {
    const char *const line = luaL_tolstring(L, -1, NULL);
    lua_pushfstring(L, "%s%s%s", lua_tostring(L, 2), i > 1 ? "\n" : "", line);
    lua_replace(L, 2);
    lua_settop(L, 2);
  }
  lua_settop(L, 2);
  return 1;
}

/* heaps(): an array, in the order of heapster_heap_next. */
int heapster__lua_heaps(lua_State *L) {
  lua_newtable(L);
  lua_Integer count = 0;
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); heap; heap = heapster_heap_next(heap)) {
    heapster__lua_push_heap(L, heap);
    lua_rawseti(L, -2, ++count);
  }
  if (luaL_newmetatable(L, "heapster.Heaps")) {
    lua_pushcfunction(L, list_to_string);
    lua_setfield(L, -2, "__tostring");
  }
  lua_setmetatable(L, -2);
  return 1;
}

static int to_string(lua_State *L) {
  const struct heapster__held_heap *const held = heapster__lua_check(L, 1, HEAPSTER__CLASS_HEAP);
  lua_pushfstring(L, "heapster.Heap: %s%s", held->name, heapster__held_heap(held) ? "" : ", ended");
  return 1;
}

const luaL_Reg heapster__lua_heap_metamethods[] = {
    {"__eq", heapster__lua_equal_bytes}, {"__tostring", to_string}, {NULL, NULL}};
