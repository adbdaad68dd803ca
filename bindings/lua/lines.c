/* A debug hook that follows the lines of a state.

   Nothing may ask Lua inside a lua_Alloc: the stack itself may be moving. So this hook, called by Lua between two
   instructions, writes where the state is into the record that the lua_Alloc reads. It follows lines, calls and
   returns: a return has no line event, though the line is another one. What it asks of Lua needs no memory, but Lua
   itself keeps room for a hook on the stack of each coroutine, and may have to grow it for that.

   A C function is at the line that called it. Lua calls no hook in finalizers: these are at the line that collects. */
#include "lua/lines.h"

#include <string.h>

#include "lua/notes.h"

enum { EVENTS = LUA_MASKLINE | LUA_MASKCALL | LUA_MASKRET };

static int mask_of(const lua_Debug *event) {
  return event->event == LUA_HOOKTAILCALL ? LUA_MASKCALL : 1 << event->event;
}

/* Requests are at that name from now on; NULL: nowhere. */
static void set_place(struct heapster__lua_lines *lines, const struct heapster__lua_name *name) {
  lines->site->place = (uintptr_t)name;
  lines->site->kind = name ? HEAPSTER__SITE_LUA : HEAPSTER__SITE_UNKNOWN;
}

static void set_source(struct heapster__lua_lines *lines, const char *text, size_t length) {
  const struct heapster__lua_name *const now = lines->file;
  if (!now || now->length != length || memcmp(now->text, text, length) != 0)
    lines->file = heapster__lua_names_find(lines->names, NULL, text, length);
}

/* A chunk without debug information has no line. A file's name is all of it, not what fits a message of Lua. */
static void set_line(struct heapster__lua_lines *lines, const lua_Debug *at) {
  const bool is_named = *at->source == '@' || *at->source == '=';
  const size_t length = at->srclen > HEAPSTER__LUA_NAME ? HEAPSTER__LUA_NAME + 1 : at->srclen;
  if (is_named)
    set_source(lines, at->source + 1, length - 1);
  else
    set_source(lines, at->short_src, strlen(at->short_src));
  lines->site->offset = at->currentline > 0 ? (uint32_t)at->currentline : 0;
  set_place(lines, lines->file);
}

/* Whether the running function is one in C; then `address` says which. */
static bool is_in_c(lua_State *L, lua_Debug *call, uintptr_t *address) {
  lua_getinfo(L, "f", call);
  const bool is_c = lua_iscfunction(L, -1);
  *address = (uintptr_t)lua_tocfunction(L, -1);
  lua_pop(L, 1);
  return is_c;
}

/* A C function, by the name that its first caller had for it. Lua looks that up in the caller's code, so once is
   enough. */
static const char *name_of_function(lua_State *L, struct heapster__lua_lines *lines, lua_Debug *call,
                                    uintptr_t address) {
  const char *const known = heapster__lua_names_function(lines->names, address);
  if (known) return known;
  lua_getinfo(L, "n", call);
  if (call->name) heapster__lua_names_note_function(lines->names, address, call->name);
  return call->name;
}

static void set_function(lua_State *L, struct heapster__lua_lines *lines, lua_Debug *call, uintptr_t address) {
  const char *const name = lines->file ? name_of_function(L, lines, call, address) : NULL;
  set_place(lines, name ? heapster__lua_names_find(lines->names, lines->file, name, strlen(name)) : lines->file);
}

/* Where the call at that level is: the line of the nearest function in Lua, and the C function on top of it. */
static void set_call(lua_State *L, struct heapster__lua_lines *lines, int level) {
  lua_Debug top, call;
  uintptr_t top_address = 0, address;
  bool is_top_c = false;
  for (const int first = level; lua_getstack(L, level, &call); level++) {
    if (!is_in_c(L, &call, &address)) {
      lua_getinfo(L, "Sl", &call);
      set_line(lines, &call);
      break;
    }
    if (level != first) continue;
    is_top_c = true;
    top = call;
    top_address = address;
  }
  if (is_top_c) set_function(L, lines, &top, top_address);
}

static void follow(lua_State *L, lua_Debug *event, struct heapster__lua_lines *lines) {
  uintptr_t address;
  lines->is_returning = event->event == LUA_HOOKRET;
  if (event->event == LUA_HOOKLINE) {
    lua_getinfo(L, "Sl", event);
    set_line(lines, event);
  } else if (event->event == LUA_HOOKRET) {
    set_call(L, lines, 1);
  } else if (event->event != LUA_HOOKCOUNT && is_in_c(L, event, &address)) {
    set_function(L, lines, event, address);
  }
}

static bool is_main(lua_State *L) {
  const bool is = lua_pushthread(L);
  lua_pop(L, 1);
  return is;
}

static const struct heapster__lua_debugger *debugger_of(lua_State *L, const struct heapster__lua_lines *lines) {
  return is_main(L) ? &lines->main : &lines->own;
}

static void on_event(lua_State *L, lua_Debug *event);

static void put_back(lua_State *L, const struct heapster__lua_debugger *debugger) {
  if (lua_gethook(L) == on_event) lua_sethook(L, debugger->function, debugger->mask, debugger->count);
}

/* A coroutine made while the state was followed keeps our hook afterwards, until its first event. The debugger's hook
   comes last: it may raise an error or yield. */
static void on_event(lua_State *L, lua_Debug *event) {
  struct heapster__lua_notes *const notes = heapster__lua_find_notes(L);
  if (!notes) return;
  struct heapster__lua_lines *const lines = &notes->lines;
  const struct heapster__lua_debugger debugger = *debugger_of(L, lines);
  if (lines->site)
    follow(L, event, lines);
  else
    put_back(L, &debugger);
  if (debugger.function && debugger.mask & mask_of(event)) debugger.function(L, event);
}

static lua_State *main_thread(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *const thread = lua_tothread(L, -1);
  lua_pop(L, 1);
  return thread;
}

/* A coroutine may have kept our hook, which then says nothing about a debugger's. */
static void hook(lua_State *L, struct heapster__lua_debugger *before) {
  if (lua_gethook(L) != on_event)
    *before = (struct heapster__lua_debugger){lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L)};
  lua_sethook(L, on_event, EVENTS | before->mask, before->count);
}

bool heapster__lua_follow(lua_State *L, struct heapster__lua_lines *lines, struct heapster__site *site) {
  static const char no_line[] = "[C]";
  lua_State *const main = main_thread(L);
  if (!site) return true;
  lines->names = heapster__lua_names_create();
  if (!lines->names) return false;
  lines->site = site;
  lines->is_returning = false;
  lines->file = heapster__lua_names_find(lines->names, NULL, no_line, sizeof no_line - 1);
  lines->site->offset = 0;
  set_place(lines, lines->file);
  set_call(L, lines, 1);
  hook(main, &lines->main);
  lines->own = lines->main;
  if (main != L) hook(L, &lines->own);
  return true;
}

bool heapster__lua_unfollow(lua_State *L, struct heapster__lua_lines *lines, bool is_elsewhere) {
  if (!lines->site) return true;
  const bool was_followed = lines->is_returning; /* from the function that was explained */
  *lines->site = (struct heapster__site){0, 0, HEAPSTER__SITE_UNKNOWN};
  lines->site = NULL;
  put_back(main_thread(L), &lines->main);
  if (!is_elsewhere && !is_main(L)) put_back(L, &lines->own);
  return was_followed;
}
