/* Lua module `lua_cost` for bindings_lua.lua and frame_mark.lua: what the core's calls cost without a language around
   them, and an empty C function.

     lua_cost.stats(calls), lua_cost.window(calls)   makes so many calls
     lua_cost.empty()                                does nothing
     lua_cost.heaps(count)                           makes so many heaps
     lua_cost.turn_over(count)                       asks for a block in each of the first so many, and frees it
     lua_cost.forward()                              puts before the state's allocator one that only forwards; once */
#include <heapster/heapster.h>
#include <lauxlib.h>
#include <lua.h>

static int stats(lua_State *L) {
  struct heapster_stats stats;
  for (lua_Integer calls = luaL_checkinteger(L, 1); calls > 0; calls--) heapster_stats_read(NULL, &stats);
  return 0;
}

static int window(lua_State *L) {
  struct heapster_stats stats;
  struct heapster_window window;
  for (lua_Integer calls = luaL_checkinteger(L, 1); calls > 0; calls--) {
    if (heapster_window_begin(NULL, HEAPSTER_PROCESS, &window)) return luaL_error(L, "no window");
    heapster_window_end(window, &stats);
  }
  return 0;
}

static int empty(lua_State *L) {
  (void)L;
  return 0;
}

enum { HEAPS = 9 };
static struct heapster_heap *heaps[HEAPS];

static int make_heaps(lua_State *L) {
  const lua_Integer count = luaL_checkinteger(L, 1);
  luaL_argcheck(L, count >= 0 && count <= HEAPS, 1, "at most 9");
  for (int i = 0; i < count; i++) {
    const char name[] = {'h', (char)('1' + i), '\0'};
    if (heapster_heap_create(name, NULL, &heaps[i])) return luaL_error(L, "no heap");
  }
  return 0;
}

static int turn_over(lua_State *L) {
  const lua_Integer count = luaL_checkinteger(L, 1);
  for (int i = 0; i < count && heaps[i]; i++) heapster_heap_free(heaps[i], heapster_heap_malloc(heaps[i], 100));
  return 0;
}

static struct {
  lua_Alloc function;
  void *context;
} next;

static void *forward_request(void *context, void *block, size_t old_size, size_t new_size) {
  (void)context;
  return next.function(next.context, block, old_size, new_size);
}

static int forward(lua_State *L) {
  next.function = lua_getallocf(L, &next.context);
  lua_setallocf(L, forward_request, NULL);
  return 0;
}

HEAPSTER_API int luaopen_lua_cost(lua_State *L);
int luaopen_lua_cost(lua_State *L) {
  const luaL_Reg functions[] = {{"stats", stats},         {"window", window},   {"empty", empty}, {"heaps", make_heaps},
                                {"turn_over", turn_over}, {"forward", forward}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
