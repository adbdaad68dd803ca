/* Userdata of the module's classes. A value lies inside its userdata, so that Lua's collector knows its size. */
#ifndef HEAPSTER__LUA_CLASSES_H
#define HEAPSTER__LUA_CLASSES_H

#include <lua.h>

#include <lauxlib.h>
#include <stdbool.h>

enum heapster__lua_class {
  HEAPSTER__CLASS_STATS, /* a struct heapster_stats_with_thread */
  HEAPSTER__CLASS_HISTOGRAM,
  HEAPSTER__CLASS_HEAP, /* a struct heapster__held_heap */
  HEAPSTER__CLASS_STATUS,
  HEAPSTER__CLASS_FRAME,
  HEAPSTER__CLASS_FRAMES,
  HEAPSTER__CLASS_LUA_KINDS,
  HEAPSTER__CLASS_LUA_KIND,
  HEAPSTER__CLASS_MEASURING, /* has one user value */
  HEAPSTER__CLASS_RUN,
  HEAPSTER__CLASS_SITES,
  HEAPSTER__CLASS_SITE, /* has one user value */
  HEAPSTER__CLASS_LARGE_REQUEST,
  HEAPSTER__CLASSES
};

/* Pushes a value of `size` bytes, which the caller fills; the same with so many user values; or a copy of a value of
 * the class's struct. */
void *heapster__lua_new(lua_State *L, enum heapster__lua_class kind, size_t size);
void *heapster__lua_new_with_values(lua_State *L, enum heapster__lua_class kind, size_t size, int user_values);
void heapster__lua_push(lua_State *L, enum heapster__lua_class kind, const void *value);

/* The value at `index`. For anything else `test` returns NULL and `check` raises an argument error. */
void *heapster__lua_test(lua_State *L, int index, enum heapster__lua_class kind);
void *heapster__lua_check(lua_State *L, int index, enum heapster__lua_class kind);

/* Defines a class from two tables on the stack, which it pops: attributes by name, as C functions, and methods. */
void heapster__lua_add_class(lua_State *L, enum heapster__lua_class kind, const luaL_Reg *metamethods);

/* Defines a class from SWIG's metatable of it, which it pops, with further methods and metamethods. */
void heapster__lua_adopt_class(lua_State *L, enum heapster__lua_class kind, const luaL_Reg *methods_added,
                               const luaL_Reg *metamethods);

/* __index of every class: attributes and methods; other names are an error. */
int heapster__lua_index(lua_State *L);

/* __eq of a class whose values are equal if their bytes are. */
int heapster__lua_equal_bytes(lua_State *L);

/* The result of __pairs: an iterator whose upvalues are the value and the number of its next item, from 0 on. */
int heapster__lua_pairs(lua_State *L, enum heapster__lua_class kind, lua_CFunction next);

#endif
