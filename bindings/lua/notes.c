/* What the module notes about a state, in the state's own memory. */
#include "lua/notes.h"

/* Its address is the key of the notes in the registry. */
static const char notes_key;

struct heapster__lua_notes *heapster__lua_find_notes(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &notes_key);
  struct heapster__lua_notes *const notes = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return notes;
}

struct heapster__lua_notes *heapster__lua_notes(lua_State *L) {
  struct heapster__lua_notes *const there = heapster__lua_find_notes(L);
  if (there) return there;
  struct heapster__lua_notes *const made = lua_newuserdatauv(L, sizeof *made, 0);
  *made = (struct heapster__lua_notes){.record = NULL};
  lua_rawsetp(L, LUA_REGISTRYINDEX, &notes_key);
  return made;
}
