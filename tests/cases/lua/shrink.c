/* A pool refuses to shrink a block, as Lua 5.4 allows. Under heapster's hook Lua has to hear of it: else blocks come
   back to the pool with a size that they do not have. */
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>

#include "verdict.h"

static size_t refused, wrong;
static bool is_full;

/* Each block has its true size in front of it. */
static void *pool(void *context, void *block, size_t old_size, size_t size) {
  (void)context;
  size_t *whole = block ? (size_t *)block - 2 : NULL;
  if (whole && *whole != old_size) wrong++;
  if (size == 0) {
    free(whole);
    return NULL;
  }
  if (whole && is_full && size < *whole) {
    refused++;
    return NULL;
  }
  whole = realloc(whole, size + 2 * sizeof *whole);
  if (!whole) return NULL;
  *whole = size;
  return whole + 2;
}

static const char script[] =
    "local function deep(n) if n > 0 then return 1 + deep(n - 1) end return 0 end "
    "for i = 1, 20 do deep(5000) collectgarbage() end "
    "local names = {} for i = 1, 20000 do names[i] = 'name' .. i end names = nil collectgarbage()";

/* Whether Lua went on. */
static bool run(bool is_hooked) {
  lua_State *L = lua_newstate(pool, NULL);
  must(L);
  luaL_openlibs(L);
  if (is_hooked) must(!heapster_lua_hook(L));
  must(!luaL_loadstring(L, script));
  is_full = true; /* Lua shrinks its stack, and goes on where that is refused */
  const bool went_on = lua_pcall(L, 0, 0, 0) == LUA_OK;
  is_full = false;
  lua_close(L);
  return went_on;
}

int main(void) {
  must(run(false) && refused && !wrong);
  refused = 0;
  const bool went_on = run(true);
  must(refused);
  return verdict(went_on && wrong == 0, "%zu shrinks refused, %zu blocks of a wrong size%s", refused, wrong,
                 went_on ? "" : ", and Lua raised an error");
}
