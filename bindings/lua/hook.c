/* The hook into a Lua state: requests of its allocator count as heap `lua`, and as `lua:2`, ... for further states, or
   as a heap that the host names. The hook stays until the state's last block is freed; its code is in a library that is
   never unloaded. */
#include <heapster/modules.h>
#include <stdlib.h>
#include <string.h>

#include "common/hooks.h"
#include "common/reasons.h"
#include "hooks/script/lua_hook.h"
#include "lua/buffers.h"
#include "lua/errors.h"
#include "lua/hook.h"
#include "lua/module.h"
#include "lua/notes.h"
#include "process/hook.h"

/* Why hooking or unhooking a state was last refused; read by any thread. */
static const char *_Atomic refusal;

static struct heapster_lua_backing allocator_of(lua_State *L) {
  void *ud = NULL;
  const lua_Alloc alloc = lua_getallocf(L, &ud);
  return (struct heapster_lua_backing){alloc, ud};
}

/* The record of a state that was hooked while it runs, or NULL. */
static void *record_of(lua_State *L) {
  const struct heapster__lua_notes *const notes = heapster__lua_find_notes(L);
  return notes ? notes->record : NULL;
}

/* The record that counts the state, or that did before another allocator took its place; NULL: it is not hooked. */
static void *counting_record(lua_State *L) {
  const struct heapster_lua_backing now = allocator_of(L);
  return now.alloc == heapster_lua_alloc ? now.ud : record_of(L);
}

/* What is to be known of this Lua, found in a state made for that. */
static struct {
  heapster_lua_function _Atomic own_alloc; /* of luaL_newstate, which ignores osize */
  _Atomic size_t thread_offset;            /* of the main thread in the block that lua_close frees last */
} known;

/* Keeps the address of its first block in `ud`. */
static void *alloc_first(void *ud, void *ptr, size_t osize, size_t nsize) {
  void **const first = ud;
  (void)osize;
  if (!nsize) {
    free(ptr);
    return NULL;
  }
  void *const block = realloc(ptr, nsize);
  if (!*first) *first = block;
  return block;
}

static bool find_thread_offset(void) {
  void *first = NULL;
#if LUA_VERSION_NUM >= 505
  lua_State *const fresh = lua_newstate(alloc_first, &first, 0);
#else
  lua_State *const fresh = lua_newstate(alloc_first, &first);
#endif
  if (!fresh) return false;
  known.thread_offset = (size_t)((char *)fresh - (char *)first);
  lua_close(fresh);
  return true;
}

/* False: no memory. The allocator is written last: where it is known, all is. */
static bool ensure_known(void) {
  if (known.own_alloc) return true;
  lua_State *const fresh = find_thread_offset() ? luaL_newstate() : NULL;
  if (!fresh) return false;
  known.own_alloc = allocator_of(fresh).alloc;
  lua_close(fresh);
  return true;
}

static const void *last_block(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  const char *const main_thread = (const char *)lua_tothread(L, -1);
  lua_pop(L, 1);
  return main_thread - known.thread_offset;
}

/* Bytes by Lua's own count; false: one of its finalizers runs, and it does not say. */
static bool count_bytes(lua_State *L, size_t *bytes) {
  const int kibibytes = lua_gc(L, LUA_GCCOUNT);
  if (kibibytes < 0) return false;
  *bytes = (size_t)kibibytes * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
  return true;
}

static enum heapster_error refuse(const char *why) {
  refusal = why;
  return HEAPSTER_UNSUPPORTED;
}

static enum heapster_error refuse_hook(lua_State *L, const char *why) {
  heapster__lua_notes(L)->refusal = why;
  return refuse(why);
}

static enum heapster_error wrap(lua_State *L, enum heapster__mode mode, const char *name) {
  struct heapster__lua_notes *const notes = heapster__lua_notes(L);
  const struct heapster_lua_backing below = allocator_of(L);
  const size_t buffers = heapster__lua_buffer_bytes(L);
  if (!ensure_known()) return HEAPSTER_NO_MEMORY;
  struct heapster__lua_start start = {
      .below = below,
      .ignores_osize = below.alloc == known.own_alloc && !below.ud,
      .last = last_block(L),
      .mode = mode,
      .name = name,
      .heap = notes->heap,
      .ud = notes->unhooked,
  };
  if (!count_bytes(L, &start.bytes)) return refuse_hook(L, "a state cannot be hooked while one of its finalizers runs");
  start.bytes += buffers;
  const enum heapster_error error = heapster__lua_wrap(&start, &notes->record);
  notes->refusal = error ? heapster_error_text(error) : NULL;
  refusal = notes->refusal;
  if (error) return error;
  notes->unhooked = NULL;
  lua_setallocf(L, heapster_lua_alloc, notes->record);
  notes->heap = heapster__lua_heap_of(notes->record);
  return HEAPSTER_OK;
}

bool heapster__lua_is_counted(lua_State *L) {
  const struct heapster_lua_backing now = allocator_of(L);
  if (now.alloc == heapster_lua_alloc) return true;
  void *const record = record_of(L);
  return record && heapster__lua_probe(record, &now);
}

const struct heapster_heap *heapster__lua_own_heap(lua_State *L) {
  void *const record = counting_record(L);
  if (record) return heapster__lua_heap_of(record);
  const struct heapster__lua_notes *const notes = heapster__lua_find_notes(L);
  return notes && notes->heap && !heapster__lua_is_heap_used(notes->heap) ? notes->heap : NULL;
}

struct heapster__site *heapster__lua_site(lua_State *L) {
  void *const record = counting_record(L);
  return record ? heapster__lua_site_of(record) : NULL;
}

void heapster__lua_follow_functions(lua_State *L, bool follows) {
  heapster__lua_follow_calls(follows ? counting_record(L) : NULL);
}

static const char hook_is_off[] = "its hook is off";
static const char hook_is_lost[] = "another allocator took the hook's place in a state (lua_setallocf)";

const char *heapster__lua_problem(lua_State *L) {
  if (heapster__lua_is_counted(L)) return NULL;
  if (counting_record(L)) return hook_is_lost;
  const char *const why = heapster__lua_refusal(L);
  return why ? why : hook_is_off;
}

const char *heapster__lua_refusal(lua_State *L) {
  const struct heapster__lua_notes *const notes = heapster__lua_find_notes(L);
  return notes ? notes->refusal : NULL;
}

/* Whether the state is counted in a heap of that name, or in any for NULL. */
static bool is_counted_as(lua_State *L, const char *name) {
  return !name || !strcmp(name, heapster_heap_name(heapster__lua_own_heap(L)));
}

static enum heapster_error install(lua_State *L, enum heapster__mode mode, const char *name) {
  if (!heapster__lua_can_wrap()) return refuse_hook(L, heapster__shared_counters_problem);
  if (heapster__lua_is_counted(L))
    return is_counted_as(L, name) ? HEAPSTER_OK : refuse("the state is counted already, in a heap of another name");
  void *const lost = record_of(L);
  if (lost) heapster__lua_unwrap(lost);
  return wrap(L, mode, name);
}

static enum heapster_error remove_hook(lua_State *L) {
  const struct heapster_lua_backing now = allocator_of(L);
  struct heapster__lua_notes *const notes = heapster__lua_notes(L);
  void *const record = notes->record;
  if (now.alloc == heapster_lua_alloc && now.ud != record)
    return refuse("the host created the state with heapster's allocator");
  notes->refusal = NULL;
  if (!record) return HEAPSTER_OK;
  if (now.alloc == heapster_lua_alloc) {
    const struct heapster_lua_backing below = heapster__lua_next(record);
    lua_setallocf(L, below.alloc, below.ud);
    notes->unhooked = record;
  } else if (heapster__lua_probe(record, &now)) {
    return refuse("it is counted, but cannot be unhooked while another allocator stands above it");
  }
  heapster__lua_unwrap(record);
  notes->record = NULL;
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
  if (heapster__lua_is_any_lost()) return hook_is_lost;
  return is_any_hooked() ? NULL : hook_is_off;
}

static void offer(void) {
  static const struct heapster__hook offered = {"lua", install_any, remove_any, heapster__lua_mode, problem};
  heapster__hook_offer(&offered);
}

enum heapster_error heapster_lua_hook_named(lua_State *L, const char *name) {
  offer();
  return lua_checkstack(L, LUA_MINSTACK) ? install(L, HEAPSTER__MODE_HOST, name) : HEAPSTER_NO_MEMORY;
}

enum heapster_error heapster_lua_hook(lua_State *L) { return heapster_lua_hook_named(L, NULL); }

struct heapster_heap *heapster_lua_heap(lua_State *L) {
  void *const record = lua_checkstack(L, LUA_MINSTACK) ? counting_record(L) : NULL;
  return record ? heapster__lua_heap_of(record) : NULL;
}

uint64_t heapster_lua_preexisting(lua_State *L) {
  size_t bytes = 0;
  void *const record = lua_checkstack(L, LUA_MINSTACK) ? counting_record(L) : NULL;
  if (!record) return 0;
  count_bytes(L, &bytes);
  return heapster__lua_preexisting_of(record, bytes);
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
  return means_lua(L) ? raise_if(L, "hook", install(L, HEAPSTER__MODE_REQUIRE, NULL)) : call_generated(L);
}

static int unhook(lua_State *L) { return means_lua(L) ? raise_if(L, "unhook", remove_hook(L)) : call_generated(L); }

/* What the status says of Lua is about the calling state. */
void heapster__lua_read_status(lua_State *L, struct heapster_status *status) {
  void *const record = counting_record(L);
  const char *const problem = heapster__lua_problem(L);
  if (record) heapster__lua_note_lost(record, problem);
  heapster_status_read(status);
  status->lua_way = heapster__mode_name(record ? heapster__lua_mode_of(record) : HEAPSTER__MODE_NONE);
  status->lua_problem = problem;
  status->lua_preexisting = heapster_lua_preexisting(L);
}

static void install_wanted(lua_State *L, const char *name) {
  const enum heapster_error error =
      !strcmp(name, "lua") ? install(L, HEAPSTER__MODE_REQUIRE, NULL) : heapster_hook(name);
  if (!error) return;
  const char *const why = heapster__lua_push_text(L, heapster__explain_hook("hook", error, name));
  lua_warning(L, "HEAPSTER_HOOKS: ", true);
  lua_warning(L, why, false);
  lua_pop(L, 1);
}

void heapster__lua_start(lua_State *L) {
  static const luaL_Reg functions[] = {{"hook", hook}, {"unhook", unhook}, {NULL, NULL}};
  for (const luaL_Reg *each = functions; each->name; each++) {
    lua_getfield(L, -1, each->name);
    lua_pushcclosure(L, each->func, 1);
    lua_setfield(L, -2, each->name);
  }
  offer();
  const char *wanted = heapster__find_wanted_hooks();
  char name[HEAPSTER_HEAP_NAME];
  if (!wanted) install(L, HEAPSTER__MODE_REQUIRE, NULL); /* the status says why it fails */
  while (wanted && heapster__take_wanted_hook(&wanted, "lua", name)) install_wanted(L, name);
}
