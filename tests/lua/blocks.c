/* Lua module `blocks`: named heaps and their blocks, and another thread, for the tests. Blocks come from below the
   malloc hook, so that a test sees its own requests only.

     blocks.create(name)          a heap over the system's allocator
     blocks.create_vast(name)     one whose backing has room for any size, as long as nobody writes into it
     blocks.malloc(name, size)    a block, as a light userdata; nil where it is refused
     blocks.realloc(name, block, size)
     blocks.free(name, block)
     blocks.finish(name)          ends the heap
     blocks.elsewhere(fn)         what pcall(fn) gives in another thread of the system
     blocks.ask_directly(size)    a block of the state's allocator that Lua does not count, as lpeg's patterns are
     blocks.free_directly(block, size)
     blocks.replace()             the state's allocator is another module's from now on
     blocks.stand_above()         the same, but that one asks the one before
     blocks.step_aside()          the one before is in force again */
#include <heapster/heapster.h>
#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <stdlib.h>

enum { VAST_BLOCK = 256 };

static void *vast_malloc(void *context, size_t size) {
  (void)context;
  (void)size;
  return aligned_alloc(VAST_BLOCK, VAST_BLOCK);
}

static void vast_free(void *context, void *block) {
  (void)context;
  free(block);
}

static int create(lua_State *L, const struct heapster_allocator *backing) {
  struct heapster_heap *heap;
  const enum heapster_error error = heapster_heap_create(luaL_checkstring(L, 1), backing, &heap);
  return error ? luaL_error(L, "%s", heapster_error_text(error)) : 0;
}

static int create_heap(lua_State *L) { return create(L, NULL); }

static int create_vast(lua_State *L) {
  const struct heapster_allocator vast = {.malloc = vast_malloc, .free = vast_free};
  return create(L, &vast);
}

static struct heapster_heap *check_heap(lua_State *L) { return heapster_heap_find(luaL_checkstring(L, 1)); }

static int push_block(lua_State *L, void *block) {
  if (block)
    lua_pushlightuserdata(L, block);
  else
    lua_pushnil(L);
  return 1;
}

static int block_malloc(lua_State *L) {
  return push_block(L, heapster_heap_malloc(check_heap(L), (size_t)luaL_checkinteger(L, 2)));
}

static int block_realloc(lua_State *L) {
  void *const block = lua_touserdata(L, 2);
  return push_block(L, heapster_heap_realloc(check_heap(L), block, (size_t)luaL_checkinteger(L, 3)));
}

static int block_free(lua_State *L) {
  heapster_heap_free(check_heap(L), lua_touserdata(L, 2));
  return 0;
}

static int finish_heap(lua_State *L) {
  const enum heapster_error error = heapster_heap_end(check_heap(L));
  return error ? luaL_error(L, "%s", heapster_error_text(error)) : 0;
}

static void *call(void *state) {
  lua_State *const L = state;
  lua_pushboolean(L, lua_pcall(L, 0, 1, 0) == LUA_OK);
  lua_insert(L, 1);
  return NULL;
}

static int elsewhere(lua_State *L) {
  pthread_t thread;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  if (pthread_create(&thread, NULL, call, L)) return luaL_error(L, "no thread");
  pthread_join(thread, NULL);
  return 2;
}

static int ask_directly(lua_State *L) {
  void *ud;
  const lua_Alloc alloc = lua_getallocf(L, &ud);
  return push_block(L, alloc(ud, NULL, 0, (size_t)luaL_checkinteger(L, 1)));
}

static int free_directly(lua_State *L) {
  void *ud;
  const lua_Alloc alloc = lua_getallocf(L, &ud);
  alloc(ud, lua_touserdata(L, 1), (size_t)luaL_checkinteger(L, 2), 0);
  return 0;
}

/* As Lua's own, and so able to free what that gave. */
static void *other_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud, (void)osize;
  if (nsize) return realloc(ptr, nsize);
  free(ptr);
  return NULL;
}

static struct {
  lua_Alloc alloc;
  void *ud;
} before;

static void *alloc_above(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  return before.alloc(before.ud, ptr, osize, nsize);
}

static int put_in_force(lua_State *L, lua_Alloc alloc) {
  before.alloc = lua_getallocf(L, &before.ud);
  lua_setallocf(L, alloc, NULL);
  return 0;
}

static int replace(lua_State *L) { return put_in_force(L, other_alloc); }

static int stand_above(lua_State *L) { return put_in_force(L, alloc_above); }

static int step_aside(lua_State *L) {
  lua_setallocf(L, before.alloc, before.ud);
  return 0;
}

static const luaL_Reg functions[] = {
    {"create", create_heap},
    {"create_vast", create_vast},
    {"malloc", block_malloc},
    {"realloc", block_realloc},
    {"free", block_free},
    {"elsewhere", elsewhere},
    {"finish", finish_heap},
    {"ask_directly", ask_directly},
    {"free_directly", free_directly},
    {"replace", replace},
    {"stand_above", stand_above},
    {"step_aside", step_aside},
    {NULL, NULL},
};

HEAPSTER_API int luaopen_blocks(lua_State *L);
int luaopen_blocks(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
