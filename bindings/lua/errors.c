/* Errors and strings of the Lua module. */
#include "lua/errors.h"

#include "common/reasons.h"

#include <string.h>

/* Their addresses are the keys in the registry. */
static const struct {
  const char *name;
  const char *full_name;
} kinds[HEAPSTER__LUA_ERRORS] = {
    {"UnknownHeap", "heapster.UnknownHeap"},
    {"NotCounting", "heapster.NotCounting"},
    {"LimitExceeded", "heapster.LimitExceeded"},
};

/* Place and message, as in Lua's own errors. */
static int to_string(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "place");
  luaL_tolstring(L, 2, NULL);
  lua_getfield(L, 1, "message");
  luaL_tolstring(L, 4, NULL);
  lua_remove(L, 4);
  lua_concat(L, 2);
  return 1;
}

void heapster__lua_add_errors(lua_State *L) {
  for (int kind = 0; kind < HEAPSTER__LUA_ERRORS; kind++) {
    lua_newtable(L);
    lua_pushstring(L, kinds[kind].full_name);
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, to_string);
    lua_setfield(L, -2, "__tostring");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kinds[kind]);
    lua_setfield(L, -2, kinds[kind].name);
  }
}

void heapster__lua_push_error(lua_State *L, enum heapster__lua_error kind, struct heapster_text message) {
  heapster__lua_push_text(L, message);
  lua_createtable(L, 0, 5);
  lua_pushstring(L, kinds[kind].name);
  lua_setfield(L, -2, "kind");
  luaL_where(L, 1);
  lua_setfield(L, -2, "place");
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "message");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kinds[kind]);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

int heapster__lua_raise(lua_State *L, enum heapster__lua_error kind, struct heapster_text message) {
  heapster__lua_push_error(L, kind, message);
  return lua_error(L);
}

int heapster__lua_raise_core(lua_State *L, enum heapster_error error) {
  return luaL_error(L, "%s", error == HEAPSTER_NO_MEMORY ? "not enough memory" : heapster_error_text(error));
}

int heapster__lua_raise_hook(lua_State *L, const char *verb, enum heapster_error error, const char *hook) {
  const char *const why = heapster__lua_push_text(L, heapster__explain_hook(verb, error, hook));
  return error == HEAPSTER_UNKNOWN_HOOK ? luaL_argerror(L, 1, why) : luaL_error(L, "%s", why);
}

int heapster__lua_raise_argument(lua_State *L, int argument, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *const why = lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  return luaL_argerror(L, argument, why);
}

void heapster__lua_check_count(lua_State *L, int least, int most) {
  const int count = lua_gettop(L);
  if (count >= least && count <= most) return;
  lua_Debug call = {.name = NULL};
  if (lua_getstack(L, 0, &call)) lua_getinfo(L, "n", &call);
  const char *const name = call.name ? call.name : "?";
  if (least == most)
    luaL_error(L, "wrong number of arguments to '%s' (%d expected, got %d)", name, most, count);
  else
    luaL_error(L, "wrong number of arguments to '%s' (%d to %d expected, got %d)", name, least, most, count);
}

const char *heapster__lua_chars(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return "";
  size_t length;
  const char *const chars = lua_tolstring(L, index, &length);
  if (strlen(chars) != length) luaL_error(L, "\"%s\" has a null character behind it", chars);
  return chars;
}

const char *heapster__lua_type_name(lua_State *L, int index) {
  if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) return lua_tostring(L, -1);
  return luaL_typename(L, index);
}

static int push_bytes(lua_State *L) {
  const struct heapster_text *const text = lua_touserdata(L, 1);
  lua_pushlstring(L, text->bytes ? text->bytes : "", text->length);
  return 1;
}

/* Lua may have no memory for the string: the text is freed all the same. */
const char *heapster__lua_push_text(lua_State *L, struct heapster_text text) {
  if (text.error) heapster__lua_raise_core(L, text.error);
  lua_pushcfunction(L, push_bytes);
  lua_pushlightuserdata(L, &text);
  const int status = lua_pcall(L, 1, 1, 0);
  heapster__text_free(&text);
  if (status != LUA_OK) lua_error(L);
  return lua_tostring(L, -1);
}
