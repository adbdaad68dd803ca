/* Userdata of the module's classes. */
#include "lua/classes.h"

#include <heapster/heapster.h>
#include <string.h>

#include "common/held.h"
#include "common/large.h"
#include "common/stats.h"
#include "lua/run.h"
#include "value/spelling.h"

/* Their addresses are the keys in the registry. */
static const struct {
  const char *name;
  size_t size; /* of the struct; a Run is longer */
} classes[HEAPSTER__CLASSES] = {
    {"heapster.Stats", sizeof(struct heapster_stats_with_thread)},
    {"heapster.Histogram", sizeof(struct heapster_histogram)},
    {"heapster.Heap", sizeof(struct heapster__held_heap)},
    {"heapster.Status", sizeof(struct heapster_status)},
    {"heapster.Frame", sizeof(struct heapster_frame)},
    {"heapster.Frames", sizeof(struct heapster_frames)},
    {"heapster.LuaKinds", sizeof(struct heapster_lua_kinds)},
    {"heapster.LuaKind", sizeof(struct heapster_lua_kind)},
    {"heapster.Measuring", sizeof(struct heapster__lua_window)},
    {"heapster.Run", sizeof(struct heapster__lua_run)},
    {"heapster.Sites", sizeof(struct heapster_explanation)},
    {"heapster.Site", sizeof(struct heapster_site)},
    {"heapster.LargeRequest", sizeof(struct heapster__named_request)},
};

void *heapster__lua_new_with_values(lua_State *L, enum heapster__lua_class kind, size_t size, int user_values) {
  void *const value = lua_newuserdatauv(L, size, user_values);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &classes[kind]);
  lua_setmetatable(L, -2);
  return value;
}

void *heapster__lua_new(lua_State *L, enum heapster__lua_class kind, size_t size) {
  const bool has_value = kind == HEAPSTER__CLASS_MEASURING || kind == HEAPSTER__CLASS_SITE;
  return heapster__lua_new_with_values(L, kind, size, has_value);
}

void heapster__lua_push(lua_State *L, enum heapster__lua_class kind, const void *value) {
  memcpy(heapster__lua_new(L, kind, classes[kind].size), value, classes[kind].size);
}

/* The debug library may give our metatable to another userdata, which is shorter. */
void *heapster__lua_test(lua_State *L, int index, enum heapster__lua_class kind) {
  void *const value = lua_touserdata(L, index);
  if (!value || lua_rawlen(L, index) < classes[kind].size || !lua_getmetatable(L, index)) return NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &classes[kind]);
  const bool is_of = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return is_of ? value : NULL;
}

void *heapster__lua_check(lua_State *L, int index, enum heapster__lua_class kind) {
  void *const value = heapster__lua_test(L, index, kind);
  if (!value) luaL_typeerror(L, index, classes[kind].name);
  return value;
}

/* "; did you mean 'alloc_count'?", or nothing. */
static const char *push_suggestion(lua_State *L, const char *name) {
  struct heapster__spelling spelling = heapster__spelling_of(name);
  for (int names = 1; names <= 2; names++) {
    for (lua_pushnil(L); lua_next(L, lua_upvalueindex(names)); lua_pop(L, 1))
      heapster__spelling_try(&spelling, lua_tostring(L, -2));
  }
  if (!spelling.nearest) return lua_pushliteral(L, "");
  return lua_pushfstring(L, "; did you mean '%s'?", spelling.nearest);
}

/* Upvalues: the attributes, the methods. Calls an attribute's function directly, which needs no further level of Lua's
   calls. */
int heapster__lua_index(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TFUNCTION) {
    const lua_CFunction attribute = lua_tocfunction(L, -1);
    lua_settop(L, 1);
    return attribute(L);
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  const char *const name = luaL_tolstring(L, 2, NULL);
  const char *const suggestion = push_suggestion(L, name);
  luaL_getmetafield(L, 1, "__name");
  return luaL_error(L, "a %s has no field '%s'%s", lua_tostring(L, -1), name, suggestion);
}

static int refuse_change(lua_State *L) {
  luaL_getmetafield(L, 1, "__name");
  return luaL_error(L, "a %s cannot be changed", lua_tostring(L, -1));
}

int heapster__lua_pairs(lua_State *L, enum heapster__lua_class kind, lua_CFunction next) {
  heapster__lua_check(L, 1, kind);
  lua_settop(L, 1);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next, 2);
  return 1;
}

static bool is_same_class(lua_State *L) {
  lua_settop(L, 2);
  const bool is_same = lua_getmetatable(L, 1) && lua_getmetatable(L, 2) && lua_rawequal(L, -1, -2);
  lua_settop(L, 2);
  return is_same;
}

int heapster__lua_equal_bytes(lua_State *L) {
  const bool is_same_size = is_same_class(L) && lua_rawlen(L, 1) == lua_rawlen(L, 2);
  const void *const a = lua_touserdata(L, 1), *const b = lua_touserdata(L, 2);
  lua_pushboolean(L, is_same_size && a && b && !memcmp(a, b, (size_t)lua_rawlen(L, 1)));
  return 1;
}

/* __eq: SWIG's `is_equal`, an upvalue, for two values of the same class. */
static int equal(lua_State *L) {
  if (is_same_class(L)) return lua_tocfunction(L, lua_upvalueindex(1))(L);
  lua_pushboolean(L, false);
  return 1;
}

void heapster__lua_add_class(lua_State *L, enum heapster__lua_class kind, const luaL_Reg *metamethods) {
  const int methods = lua_gettop(L);
  const int attributes = methods - 1;
  lua_createtable(L, 0, 12);
  lua_pushstring(L, classes[kind].name);
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, refuse_change);
  lua_setfield(L, -2, "__newindex");
  lua_pushvalue(L, attributes);
  lua_pushvalue(L, methods);
  lua_pushcclosure(L, heapster__lua_index, 2);
  lua_setfield(L, -2, "__index");
  for (; metamethods && metamethods->name; metamethods++) {
    lua_pushvalue(L, attributes);
    lua_pushvalue(L, methods);
    lua_pushcclosure(L, metamethods->func, 2);
    lua_setfield(L, -2, metamethods->name);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &classes[kind]);
  lua_settop(L, attributes - 1);
}

/* Turns SWIG's method into a metamethod of the class at `metatable`. */
static void promote(lua_State *L, int methods, const char *method, int metatable, const char *metamethod) {
  if (lua_getfield(L, methods, method) == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  if (!strcmp(metamethod, "__eq")) lua_pushcclosure(L, equal, 1);
  lua_setfield(L, metatable, metamethod);
  lua_pushnil(L);
  lua_setfield(L, methods, method);
}

void heapster__lua_adopt_class(lua_State *L, enum heapster__lua_class kind, const luaL_Reg *methods_added,
                               const luaL_Reg *metamethods) {
  const int swigs = lua_gettop(L);
  lua_getfield(L, swigs, ".fn");
  const int methods = lua_gettop(L);
  lua_pushnil(L);
  lua_setfield(L, methods, "__disown"); /* it would write into any userdata */
  if (methods_added) luaL_setfuncs(L, methods_added, 0);
  lua_getfield(L, swigs, ".get");
  lua_pushvalue(L, methods);
  heapster__lua_add_class(L, kind, metamethods);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &classes[kind]);
  const int metatable = lua_gettop(L);
  promote(L, methods, "minus", metatable, "__sub");
  promote(L, methods, "is_equal", metatable, "__eq");
  promote(L, methods, "text", metatable, "__tostring");
  lua_settop(L, swigs - 1);
}
