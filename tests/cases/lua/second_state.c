/* Two states of one host run the same script: a limit and a measure of heap "lua". In the second one they must not look
   at the first one's heap: the limit is broken there too (or the name is refused), and the tables are seen. */
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "verdict.h"

static const char script[] = "local h = require 'heapster' "
                             "local function work() for _ = 1, 100 do local t = {} end end "
                             "local is_held = not pcall(h.limit, { alloc_count = 0, heap = 'lua' }, work) "
                             "local is_known, _, diff = pcall(h.measure, { heap = 'lua' }, work) "
                             "return is_held, is_known and diff.lua_kinds.tables.count or -1";

/* The state stays open. */
static void ask(bool *is_held, long *tables) {
  lua_State *L = luaL_newstate();
  must(L);
  luaL_openlibs(L);
  luaL_requiref(L, "heapster", luaopen_heapster, 0);
  must(!luaL_dostring(L, script));
  *is_held = lua_toboolean(L, -2);
  *tables = (long)lua_tointeger(L, -1);
}

int main(void) {
  bool is_held;
  long tables;
  ask(&is_held, &tables);
  must(is_held && tables == 100);
  ask(&is_held, &tables);
  return verdict(is_held && (tables == 100 || tables == -1), "second state: limit %s, %ld tables seen",
                 is_held ? "held to" : "passes", tables);
}
