/* What a class of the module has beyond what SWIG makes. */
#ifndef HEAPSTER__LUA_VALUES_H
#define HEAPSTER__LUA_VALUES_H

#include <heapster/heapster.h>

#include "lua/classes.h"

/* stats.c */
extern const luaL_Reg heapster__lua_stats_methods[];
extern const luaL_Reg heapster__lua_stats_metamethods[];
struct heapster_stats *heapster__lua_new_stats(lua_State *L); /* the caller fills it; it has no thread's part */
struct heapster_stats *heapster__lua_new_stats_with_values(lua_State *L, int user_values);
extern const luaL_Reg heapster__lua_stats_attributes[]; /* beside SWIG's */
int heapster__lua_stats(lua_State *L);
extern const luaL_Reg heapster__lua_heap_methods[];

/* status.c: status(); the memory of the next Status, taken beforehand */
int heapster__lua_status(lua_State *L);
void heapster__lua_ensure_spare_status(lua_State *L);

/* arrays.c */
extern const luaL_Reg heapster__lua_histogram_metamethods[];
extern const luaL_Reg heapster__lua_frames_metamethods[];

/* heap.c: whether a name or a Heap is at `index`; the heap it means: UnknownHeap, NotCounting; an argument. */
extern const luaL_Reg heapster__lua_heap_metamethods[];
bool heapster__lua_is_heap(lua_State *L, int index);
const struct heapster_heap *heapster__lua_find_heap(lua_State *L, int index);
const struct heapster_heap *heapster__lua_check_heap(lua_State *L, int argument);
void heapster__lua_push_heap(lua_State *L, const struct heapster_heap *heap);
int heapster__lua_heap(lua_State *L);
int heapster__lua_heaps(lua_State *L);

/* kinds.c: LuaKinds and LuaKind; LuaKinds as a table of tables */
void heapster__lua_add_kinds(lua_State *L);
void heapster__lua_push_kinds_table(lua_State *L, const struct heapster_lua_kinds *kinds);

#endif
