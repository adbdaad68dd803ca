/* Lua states, counted: for hosts that create their own with lua_newstate.

     void *ud;
     heapster_lua_state_create("scripts", NULL, &ud);
     lua_State *L = lua_newstate(heapster_lua_alloc, ud);       in Lua 5.5 with a seed: ..., ud, luaL_makeseed(NULL))

   A state that runs already is counted from `require "heapster"` on, or by heapster_lua_hook of heapster/modules.h. */
#ifndef HEAPSTER_LUA_H
#define HEAPSTER_LUA_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Lua's own lua_Alloc, named without its headers. */
typedef void *(*heapster_lua_function)(void *ud, void *ptr, size_t osize, size_t nsize);

/* An allocator of the host's own, which heapster calls with the sizes that Lua passed. */
struct heapster_lua_backing {
  heapster_lua_function alloc;
  void *ud;
};

/* A heap of that name, by the rules of heapster_heap_create, for one Lua state, over `backing`, which is copied, or
   over the system's allocator for NULL. `ud` is for lua_newstate, or for a further state when the one before is closed;
   it lives until the process ends. On failure it is set to NULL. */
HEAPSTER_API enum heapster_error heapster_lua_state_create(const char *name, const struct heapster_lua_backing *backing,
                                                           void **ud);

/* The lua_Alloc. `ud` is one of heapster_lua_state_create's. For one thread at a time for each `ud`. */
HEAPSTER_API void *heapster_lua_alloc(void *ud, void *ptr, size_t osize, size_t nsize);

#ifdef __cplusplus
}
#endif

#endif
