/* The hook into a Lua state: requests of its allocator count as heap `lua`, and as `lua:2`, ... for further states. The
   hook stays until the state's last block is freed; its code is in a library that is never unloaded. */
#include <heapster/modules.h>
#include <string.h>

#include "common/hooks.h"
#include "common/reasons.h"
#include "hooks/script/lua_hook.h"
#include "lua/errors.h"
#include "lua/module.h"
#include "process/hook.h"

/* Its address is the key of the state's record, or false, in the registry. */
static const char record_key;

/* Why hooking or unhooking a state was last refused; read by any thread. */
static const char *_Atomic refusal;

static struct heapster_lua_backing allocator_of(lua_State *L) {
  void *ud = NULL;
  const lua_Alloc alloc = lua_getallocf(L, &ud);
  return (struct heapster_lua_backing){alloc, ud};
}

/* The record of a state that was hooked while it runs, or NULL. */
static void *record_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &record_key);
  void *const record = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return record;
}

/* The first call needs memory, later ones do not. */
static void set_record(lua_State *L, void *record) {
  if (record)
    lua_pushlightuserdata(L, record);
  else
    lua_pushboolean(L, false);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &record_key);
}

/* Whether it is the allocator of luaL_newstate, which ignores osize. */
static bool is_luas_own(struct heapster_lua_backing alloc) {
  static heapster_lua_function _Atomic known;
  if (!known) {
    lua_State *const fresh = luaL_newstate();
    if (!fresh) return false;
    known = allocator_of(fresh).alloc;
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

static enum heapster_error refuse(const char *why) {
  refusal = why;
  return HEAPSTER_UNSUPPORTED;
}

static enum heapster_error wrap(lua_State *L, enum heapster__mode mode) {
  set_record(L, NULL);
  const int kibibytes = lua_gc(L, LUA_GCCOUNT);
  if (kibibytes < 0) return refuse("a state cannot be hooked while one of its finalizers runs");
  const struct heapster_lua_backing below = allocator_of(L);
  const struct heapster__lua_start start = {
      .below = below,
      .ignores_osize = is_luas_own(below),
      .last = last_block(L),
      .bytes = (size_t)kibibytes * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB),
      .mode = mode,
  };
  void *const record = heapster__lua_wrap(&start);
  if (!record) return HEAPSTER_NO_MEMORY;
  lua_setallocf(L, heapster_lua_alloc, record);
  set_record(L, record);
  refusal = NULL;
  return HEAPSTER_OK;
}

/* Whether the state is counted, if need be by a request sent through the hook above ours. */
static bool check_counting(lua_State *L) {
  const struct heapster_lua_backing now = allocator_of(L);
  if (now.alloc == heapster_lua_alloc) return true;
  void *const record = record_of(L);
  return record && heapster__lua_probe(record, &now);
}

static enum heapster_error install(lua_State *L, enum heapster__mode mode) {
  if (!heapster__lua_can_wrap()) return refuse(heapster__shared_counters_problem);
  if (check_counting(L)) return HEAPSTER_OK;
  void *const lost = record_of(L);
  if (lost) heapster__lua_forget(lost);
  return wrap(L, mode);
}

static enum heapster_error remove_hook(lua_State *L) {
  const struct heapster_lua_backing now = allocator_of(L);
  void *const record = record_of(L);
  if (now.alloc == heapster_lua_alloc && now.ud != record)
    return refuse("the host created the state with heapster's allocator");
  if (!record) return HEAPSTER_OK;
  if (now.alloc == heapster_lua_alloc) {
    const struct heapster_lua_backing below = heapster__lua_next(record);
    lua_setallocf(L, below.alloc, below.ud);
    heapster__lua_unwrap(record);
  } else if (heapster__lua_probe(record, &now)) {
    return refuse("it is counted, but cannot be unhooked while another allocator stands above it");
  } else {
    heapster__lua_forget(record);
  }
  set_record(L, NULL);
  return HEAPSTER_OK;
}

static bool is_any_hooked(void) { return heapster__lua_mode() != HEAPSTER__MODE_NONE; }

/* The core calls these two, without a state. A host that has one calls heapster_lua_hook. */
static enum heapster_error install_any(void) {
  return is_any_hooked() ? HEAPSTER_OK : refuse("which state is known to heapster_lua_hook");
}

static enum heapster_error remove_any(void) {
  return !is_any_hooked() ? HEAPSTER_OK : refuse("which state is known to the script only");
}

static const char *problem(void) {
  const char *const why = refusal;
  if (why) return why;
  if (heapster__lua_is_any_lost()) return "another allocator took the hook's place in a state (lua_setallocf)";
  return is_any_hooked() ? NULL : "its hook is off";
}

static void offer(void) {
  static const struct heapster__hook offered = {"lua", install_any, remove_any, heapster__lua_mode, problem};
  heapster__hook_offer(&offered);
}

enum heapster_error heapster_lua_hook(lua_State *L) {
  offer();
  return lua_checkstack(L, LUA_MINSTACK) ? install(L, HEAPSTER__MODE_HOST) : HEAPSTER_NO_MEMORY;
}

/* Whether the only argument is "lua". SWIG's function handles all others. */
static bool means_lua(lua_State *L) { return lua_gettop(L) == 1 && !strcmp(heapster__lua_chars(L, 1), "lua"); }

static int call_generated(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

static int raise_if(lua_State *L, const char *verb, enum heapster_error error) {
  if (!error) return 0;
  if (error == HEAPSTER_NO_MEMORY) return heapster__lua_raise_core(L, error);
  const struct heapster_text why = heapster__explain_hook(verb, error, "lua");
  refusal = NULL;
  return luaL_error(L, "%s", heapster__lua_push_text(L, why));
}

static int hook(lua_State *L) {
  return means_lua(L) ? raise_if(L, "hook", install(L, HEAPSTER__MODE_REQUIRE)) : call_generated(L);
}

static int unhook(lua_State *L) { return means_lua(L) ? raise_if(L, "unhook", remove_hook(L)) : call_generated(L); }

/* Checks first whether the calling state is still hooked. */
static int status(lua_State *L) {
  void *const record = record_of(L);
  if (record) heapster__lua_note_lost(record, !check_counting(L));
  return call_generated(L);
}

static void install_wanted(lua_State *L, const char *name) {
  const enum heapster_error error = !strcmp(name, "lua") ? install(L, HEAPSTER__MODE_REQUIRE) : heapster_hook(name);
  if (!error) return;
  const char *const why = heapster__lua_push_text(L, heapster__explain_hook("hook", error, name));
  lua_warning(L, "HEAPSTER_HOOKS: ", true);
  lua_warning(L, why, false);
  lua_pop(L, 1);
}

void heapster__lua_start(lua_State *L) {
  static const luaL_Reg functions[] = {{"hook", hook}, {"unhook", unhook}, {"status", status}, {NULL, NULL}};
  for (const luaL_Reg *each = functions; each->name; each++) {
    lua_getfield(L, -1, each->name);
    lua_pushcclosure(L, each->func, 1);
    lua_setfield(L, -2, each->name);
  }
  offer();
  const char *wanted = heapster__find_wanted_hooks();
  char name[HEAPSTER_HEAP_NAME];
  if (!wanted) install(L, HEAPSTER__MODE_REQUIRE); /* the status says why it fails */
  while (wanted && heapster__take_wanted_hook(&wanted, "lua", name)) install_wanted(L, name);
}
