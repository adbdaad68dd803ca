/* stats.lua_kinds in Lua: what states created, by kind. */
#include "lua/values.h"

#include "value/lua_kinds.h"

#define DEFINE_GETTER(name)                                                                              \
  static int get_##name(lua_State *L) {                                                                  \
    const struct heapster_lua_kinds *const kinds = heapster__lua_check(L, 1, HEAPSTER__CLASS_LUA_KINDS); \
    heapster__lua_push(L, HEAPSTER__CLASS_LUA_KIND, &kinds->name);                                       \
    return 1;                                                                                            \
  }
HEAPSTER__LUA_KINDS(DEFINE_GETTER)
DEFINE_GETTER(other)

/* The iterator of pairs. Its upvalues are the kinds and the number of the next one. */
static int next_kind(lua_State *L) {
  const lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
  const char *name;
  const struct heapster_lua_kind *const kind =
      heapster_lua_kind_at(heapster__lua_check(L, lua_upvalueindex(1), HEAPSTER__CLASS_LUA_KINDS), (size_t)i, &name);
  if (!kind) return 0;
  lua_pushinteger(L, i + 1);
  lua_replace(L, lua_upvalueindex(2));
  lua_pushstring(L, name);
  heapster__lua_push(L, HEAPSTER__CLASS_LUA_KIND, kind);
  return 2;
}

static int kinds_pairs(lua_State *L) { return heapster__lua_pairs(L, HEAPSTER__CLASS_LUA_KINDS, next_kind); }

/* A line for each kind, as in the report. */
static int kinds_to_string(lua_State *L) {
  const struct heapster_lua_kinds *const kinds = heapster__lua_check(L, 1, HEAPSTER__CLASS_LUA_KINDS);
  const struct heapster_lua_kind *kind;
  const char *name;
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (size_t i = 0; (kind = heapster_lua_kind_at(kinds, i, &name)); i++) {
    char bytes[HEAPSTER_SIZE_TEXT];
    heapster_size_text(kind->sum, bytes);
    lua_pushfstring(L, "%s%s: %I (%s)", i == 0 ? "" : "\n", name, (LUAI_UACINT)kind->count, bytes);
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  return 1;
}

static int get_count(lua_State *L) {
  const struct heapster_lua_kind *const kind = heapster__lua_check(L, 1, HEAPSTER__CLASS_LUA_KIND);
  lua_pushinteger(L, (lua_Integer)kind->count);
  return 1;
}

static int get_sum(lua_State *L) {
  const struct heapster_lua_kind *const kind = heapster__lua_check(L, 1, HEAPSTER__CLASS_LUA_KIND);
  lua_pushinteger(L, (lua_Integer)kind->sum);
  return 1;
}

static int kind_to_string(lua_State *L) {
  const struct heapster_lua_kind *const kind = heapster__lua_check(L, 1, HEAPSTER__CLASS_LUA_KIND);
  char bytes[HEAPSTER_SIZE_TEXT];
  heapster_size_text(kind->sum, bytes);
  lua_pushfstring(L, "%I (%s)", (LUAI_UACINT)kind->count, bytes);
  return 1;
}

void heapster__lua_add_kinds(lua_State *L) {
  static const luaL_Reg kinds[] = {
      {"__pairs", kinds_pairs}, {"__eq", heapster__lua_equal_bytes}, {"__tostring", kinds_to_string}, {NULL, NULL}};
  static const luaL_Reg kind[] = {{"__eq", heapster__lua_equal_bytes}, {"__tostring", kind_to_string}, {NULL, NULL}};
#define ENTRY(name) {#name, get_##name},
  const luaL_Reg names[] = {HEAPSTER__LUA_KINDS(ENTRY) ENTRY(other){NULL, NULL}};
  const luaL_Reg figures[] = {{"count", get_count}, {"sum", get_sum}, {NULL, NULL}};
  luaL_newlib(L, names);
  lua_newtable(L);
  heapster__lua_add_class(L, HEAPSTER__CLASS_LUA_KINDS, kinds);
  luaL_newlib(L, figures);
  lua_newtable(L);
  heapster__lua_add_class(L, HEAPSTER__CLASS_LUA_KIND, kind);
}

static void set_figure(lua_State *L, const char *name, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

void heapster__lua_push_kinds_table(lua_State *L, const struct heapster_lua_kinds *kinds) {
  const struct heapster_lua_kind *kind;
  const char *name;
  lua_createtable(L, 0, 6);
  for (size_t i = 0; (kind = heapster_lua_kind_at(kinds, i, &name)); i++) {
    lua_createtable(L, 0, 2);
    set_figure(L, "count", kind->count);
    set_figure(L, "sum", kind->sum);
    lua_setfield(L, -2, name);
  }
}
