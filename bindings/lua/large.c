/* The watch on large requests in Lua: its arguments, and what it kept, as an array of LargeRequest. */
#include "lua/large.h"

#include "common/bound.h"
#include "common/reasons.h"
#include "lua/classes.h"
#include "lua/errors.h"
#include "value/spelling.h"

#include <heapster/size.h>
#include <string.h>

static uint64_t check_text(lua_State *L, int argument) {
  uint64_t size = 0;
  if (!heapster_size_parse(heapster__lua_chars(L, argument), &size)) return size;
  heapster__lua_raise_argument(L, argument, "'%s' is %s", lua_tostring(L, argument),
                               heapster__explain_size(lua_tostring(L, argument)));
  return 0;
}

uint64_t heapster__lua_check_watched(lua_State *L, int argument) {
  const int type = lua_type(L, argument);
  if (type == LUA_TSTRING) return check_text(L, argument);
  if (type != LUA_TNUMBER) luaL_typeerror(L, argument, "integer or size such as \"1 MiB\"");
  const lua_Integer size = luaL_checkinteger(L, argument);
  luaL_argcheck(L, size >= 0, argument, "a size is never negative");
  return (uint64_t)size;
}

/* The key is below the top of the stack, its value on top. */
static bool check_option(lua_State *L, int argument) {
  const char *const name = lua_type(L, -2) == LUA_TSTRING ? heapster__lua_chars(L, -2) : luaL_tolstring(L, -2, NULL);
  if (!strcmp(name, "keep") && lua_isboolean(L, -1)) return lua_toboolean(L, -1);
  if (!strcmp(name, "keep"))
    heapster__lua_raise_argument(L, argument, "keep: boolean expected, got %s", heapster__lua_type_name(L, -1));
  struct heapster__spelling spelling = heapster__spelling_of(name);
  heapster__spelling_try(&spelling, "keep");
  heapster__lua_raise_argument(L, argument, "there is no option '%s'; %soptions: keep", name,
                               spelling.nearest ? "did you mean 'keep'? " : "");
  return false;
}

bool heapster__lua_check_keep(lua_State *L, int argument) {
  bool keep = false;
  if (lua_isnil(L, argument)) return false;
  luaL_checktype(L, argument, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, argument); lua_pop(L, 1)) keep = check_option(L, argument);
  return keep;
}

int heapster__lua_raise_watch(lua_State *L, enum heapster_error error) {
  if (error == HEAPSTER_LARGE_TOO_SMALL) return luaL_argerror(L, 1, heapster_error_text(error));
  if (error == HEAPSTER_NOT_COUNTED)
    return heapster__lua_raise(L, HEAPSTER__LUA_NOT_COUNTING, heapster__explain_heap(NULL));
  return heapster__lua_raise_core(L, error);
}

/* large_requests(): takes the next one when all memory for it is there. */
int heapster__lua_large_requests(lua_State *L) {
  heapster__lua_check_count(L, 0, 0);
  lua_createtable(L, 0, 0);
  for (lua_Integer count = 1; count <= HEAPSTER__MOST_LARGE; count++) {
    struct heapster__named_request *const request =
        heapster__lua_new(L, HEAPSTER__CLASS_LARGE_REQUEST, sizeof *request);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, count);
    const bool is_taken = heapster__take_named_request(request);
    lua_pop(L, 1);
    if (is_taken) continue;
    lua_pushnil(L);
    lua_rawseti(L, -2, count);
    break;
  }
  return 1;
}
