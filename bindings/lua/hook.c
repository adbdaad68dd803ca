/* The hook into a Lua state: all that it asks of its allocator, counted as heap `lua`, and `lua:2`, ... for further
   states. It stays until the state's last block is freed: its code is in a library that is never unloaded. */
#include <heapster/modules.h>
#include <string.h>

#include "common/wanted.h"
#include "hook.h"
#include "lua/module.h"
#include "lua_hook.h"

/* In the registry, under the address of this: the state's record, or false. */
static const char key;

/* Why the last state that was to be hooked, or unhooked, was not; read by any thread. */
static const char *_Atomic refusal;

static struct heapster_lua_backing in_force(lua_State *L) {
  void *ud = NULL;
  const lua_Alloc alloc = lua_getallocf(L, &ud);
  return (struct heapster_lua_backing){alloc, ud};
}

/* The record of a state that was hooked while it ran, or NULL. */
static void *record_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
  void *const record = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return record;
}

/* A first one needs memory, those after it do not. */
static void set_record(lua_State *L, void *record) {
  if (record)
    lua_pushlightuserdata(L, record);
  else
    lua_pushboolean(L, false);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

/* Whether it is the allocator that a fresh luaL_newstate has, which looks at no osize. */
static bool is_default(struct heapster_lua_backing alloc) {
  static heapster_lua_function _Atomic known;
  if (!known) {
    lua_State *const fresh = luaL_newstate();
    if (!fresh) return false;
    known = in_force(fresh).alloc;
    lua_close(fresh);
  }
  return alloc.alloc == known && !alloc.ud;
}

static const void *last_block(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  const void *const block = lua_getextraspace(lua_tothread(L, -1));
  lua_pop(L, 1);
  return block;
}

static enum heapster_error refused(const char *why) {
  refusal = why;
  return HEAPSTER_UNSUPPORTED;
}

static enum heapster_error wrap(lua_State *L, const char *way) {
  set_record(L, NULL);
  const int kibibytes = lua_gc(L, LUA_GCCOUNT);
  if (kibibytes < 0) return refused("a state cannot be hooked while one of its finalizers runs");
  const struct heapster_lua_backing below = in_force(L);
  const struct heapster__lua_start start = {
      .below = below,
      .ignores_osize = is_default(below),
      .last = last_block(L),
      .bytes = (size_t)kibibytes * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB),
      .way = way,
  };
  void *const record = heapster__lua_wrap(&start);
  if (!record) return HEAPSTER_NO_MEMORY;
  lua_setallocf(L, heapster_lua_alloc, record);
  set_record(L, record);
  refusal = NULL;
  return HEAPSTER_OK;
}

/* Whether the state is counted: another hook that stands above ours calls it. */
static bool is_counting(lua_State *L) {
  const struct heapster_lua_backing now = in_force(L);
  if (now.alloc == heapster_lua_alloc) return true;
  void *const record = record_of(L);
  return record && heapster__lua_is_reached(record, &now);
}

static enum heapster_error install(lua_State *L, const char *way) {
  if (!heapster__lua_can_wrap())
    return refused("heapster was built with HEAPSTER_COUNTERS=shared, which cannot tell layers apart");
  if (is_counting(L)) return HEAPSTER_OK;
  void *const lost = record_of(L);
  if (lost) heapster__lua_forget(lost);
  return wrap(L, way);
}

static enum heapster_error remove_hook(lua_State *L) {
  const struct heapster_lua_backing now = in_force(L);
  void *const record = record_of(L);
  if (now.alloc == heapster_lua_alloc && now.ud != record)
    return refused("the host created the state with heapster's allocator");
  if (!record) return HEAPSTER_OK;
  if (now.alloc == heapster_lua_alloc) {
    const struct heapster_lua_backing below = heapster__lua_below(record);
    lua_setallocf(L, below.alloc, below.ud);
    heapster__lua_unwrap(record);
  } else if (heapster__lua_is_reached(record, &now)) {
    return refused("it is counted, but cannot be unhooked while another allocator stands above it");
  } else {
    heapster__lua_forget(record);
  }
  set_record(L, NULL);
  return HEAPSTER_OK;
}

/* What the core asks, for no state in particular: who has one asks heapster_lua_hook. */
static enum heapster_error install_any(void) {
  return strcmp(heapster__lua_way(), "none") != 0 ? HEAPSTER_OK : refused("which state is known to heapster_lua_hook");
}

static enum heapster_error remove_any(void) {
  return strcmp(heapster__lua_way(), "none") == 0 ? HEAPSTER_OK : refused("which state is known to the script only");
}

static const char *problem(void) {
  const char *const why = refusal;
  if (why) return why;
  if (heapster__lua_is_any_lost()) return "another allocator took the hook's place in a state (lua_setallocf)";
  return strcmp(heapster__lua_way(), "none") == 0 ? "its hook is off" : NULL;
}

static void offer(void) {
  static const struct heapster__hook offered = {"lua", install_any, remove_any, heapster__lua_way, problem};
  heapster__hook_offer(&offered);
}

enum heapster_error heapster_lua_hook(lua_State *L) {
  offer();
  return lua_checkstack(L, LUA_MINSTACK) ? install(L, "host") : HEAPSTER_NO_MEMORY;
}

/* Whether the only argument is "lua"; what it is not is left to the function that SWIG made. */
static bool is_lua_meant(lua_State *L) {
  return lua_gettop(L) == 1 && lua_type(L, 1) == LUA_TSTRING && strcmp(heapster__lua_chars(L, 1), "lua") == 0;
}

static int call_generated(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

static int answer(lua_State *L, const char *verb, enum heapster_error error) {
  if (!error) return 0;
  if (error == HEAPSTER_NO_MEMORY) return heapster__lua_raise_core(L, error);
  const struct heapster_text why = heapster__why_no_hook(verb, error, "lua");
  refusal = NULL;
  return luaL_error(L, "%s", heapster__lua_push_text(L, why));
}

static int hook(lua_State *L) { return is_lua_meant(L) ? answer(L, "hook", install(L, "require")) : call_generated(L); }

static int unhook(lua_State *L) { return is_lua_meant(L) ? answer(L, "unhook", remove_hook(L)) : call_generated(L); }

/* Looks first whether the calling state is still hooked. */
static int status(lua_State *L) {
  void *const record = record_of(L);
  if (record) heapster__lua_note_lost(record, !is_counting(L));
  return call_generated(L);
}

static void put_on(lua_State *L, const char *name) {
  if (strcmp(name, "none") == 0 || strcmp(name, "python") == 0) return; /* Python's own module obeys the latter */
  const enum heapster_error error = strcmp(name, "lua") == 0 ? install(L, "require") : heapster_hook(name);
  if (!error) return;
  const char *const why = heapster__lua_push_text(L, heapster__why_no_hook("hook", error, name));
  lua_warning(L, "HEAPSTER_HOOKS: ", true);
  lua_warning(L, why, false);
  lua_pop(L, 1);
}

static void put_on_wanted(lua_State *L) {
  const char *list = heapster__wanted();
  char name[HEAPSTER_HEAP_NAME];
  if (!list) install(L, "require"); /* where it cannot, the status says why */
  while (list && heapster__wanted_next(&list, name)) put_on(L, name);
}

/* With the module's table on the top of the stack. */
void heapster__lua_start(lua_State *L) {
  static const luaL_Reg functions[] = {{"hook", hook}, {"unhook", unhook}, {"status", status}, {NULL, NULL}};
  for (const luaL_Reg *each = functions; each->name; each++) {
    lua_getfield(L, -1, each->name);
    lua_pushcclosure(L, each->func, 1);
    lua_setfield(L, -2, each->name);
  }
  offer();
  put_on_wanted(L);
}
