/* A host has used up all heaps. A state that is hooked then counts into `lua`, as lua/README.md says, or both the hook
   and measure() say that there is no heap left. */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "verdict.h"

static const char script[] = "local h = require 'heapster' "
                             "local ok, _, diff = pcall(h.measure, function() return {} end) "
                             "return ok, ok and diff.alloc_count or 0";

int main(void) {
  struct heapster_heap *heap;
  for (int i = 0; i < HEAPSTER_HEAPS; i++) {
    char name[16];
    snprintf(name, sizeof name, "heap%d", i);
    heapster_heap_create(name, NULL, &heap);
  }
  lua_State *L = luaL_newstate();
  must(L);
  luaL_openlibs(L);
  const enum heapster_error error = heapster_lua_hook(L);
  luaL_requiref(L, "heapster", luaopen_heapster, 0);
  must(!luaL_dostring(L, script));
  const bool is_measured = lua_toboolean(L, -2), is_counted = lua_tointeger(L, -1) > 0;
  const bool is_right = is_counted ? !error : error == HEAPSTER_TOO_MANY_HEAPS && !is_measured;
  return verdict(is_right, "hook: %s; measure: %s", heapster_error_text(error),
                 is_counted    ? "counted"
                 : is_measured ? "zeros"
                               : "refused");
}
