/* status() in Lua.

   A Status must not put the law of Lua's heap wrong (README.md), whose expression reads use_curr first, then a Status,
   and then what Lua uses. So stats() takes the memory of the next Status beforehand, and that is in its figures. */
#include "lua/values.h"

#include "lua/errors.h"
#include "lua/hook.h"

/* Its address is the key of that memory, or false, in the registry. */
static const char spare_key;

/* Pushes what is there: a Status that no script has seen, or something else. */
static bool push_spare(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &spare_key);
  return heapster__lua_test(L, -1, HEAPSTER__CLASS_STATUS);
}

void heapster__lua_ensure_spare_status(lua_State *L) {
  if (!push_spare(L)) {
    static const struct heapster_status nothing;
    heapster__lua_push(L, HEAPSTER__CLASS_STATUS, &nothing);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &spare_key);
  }
  lua_pop(L, 1);
}

int heapster__lua_status(lua_State *L) {
  heapster__lua_check_count(L, 0, 0);
  heapster__lua_ensure_spare_status(L);
  push_spare(L);
  lua_pushboolean(L, false);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &spare_key);
  heapster__lua_read_status(L, lua_touserdata(L, -1));
  return 1;
}
