/* Explaining a window in a state: the lines are followed by lines.c, the sites are the core's. */
#include "lua/explain.h"

#include "lua/errors.h"
#include "lua/hook.h"
#include "lua/notes.h"

void heapster__lua_check_explaining(lua_State *L, const struct heapster__lua_options *options) {
  const struct heapster_heap *const heap = options->heap;
  if (heap && heap != heapster__lua_own_heap(L) && heapster__lua_is_heap_used(heap))
    luaL_error(L, "heap '%s' is of another Lua state: only that one can explain its lines", heapster_heap_name(heap));
}

void heapster__lua_begin_explaining(lua_State *L, const struct heapster__lua_options *options) {
  struct heapster__lua_lines *const lines = &heapster__lua_notes(L)->lines;
  if (heapster_is_explaining()) heapster__lua_raise_core(L, HEAPSTER_ALREADY_EXPLAINING);
  if (!heapster__lua_follow(L, lines, heapster__lua_site(L))) heapster__lua_raise_core(L, HEAPSTER_NO_MEMORY);
  const enum heapster_error error = heapster_explain_begin(options->heap, options->scope);
  if (!error) heapster__lua_follow_functions(L, true);
  if (!error) return;
  heapster__lua_unfollow(L, lines, false);
  heapster__lua_names_destroy(lines->names);
  lines->names = NULL;
  heapster__lua_raise_core(L, error);
}

/* Replaces the place of a line by its names. */
static void name_site(struct heapster_site *site) {
  if (site->kind != HEAPSTER_SITE_LUA) return;
  const struct heapster__lua_name *const name = (const void *)(uintptr_t)site->place;
  const struct heapster__lua_name *const file = name->file ? name->file : name;
  site->file = file->text;
  site->function = name->file ? name->text : NULL;
  site->place = (uintptr_t)file;
}

enum heapster_error heapster__lua_end_explaining(lua_State *L, bool is_finalizer,
                                                 struct heapster__lua_explained *explained) {
  struct heapster__lua_lines *const lines = &heapster__lua_find_notes(L)->lines;
  *explained = (struct heapster__lua_explained){.names = lines->names};
  explained->is_replaced = !heapster__lua_unfollow(L, lines, is_finalizer);
  lines->names = NULL;
  heapster__lua_follow_functions(L, false);
  const enum heapster_error error = heapster__sites_take(&explained->sites);
  for (size_t i = 0; i < explained->sites.count; i++) name_site(&explained->sites.sites[i]);
  heapster__sites_merge(&explained->sites);
  return error;
}

void heapster__lua_free_explained(struct heapster__lua_explained *explained) {
  heapster__sites_free(&explained->sites);
  heapster__lua_names_destroy(explained->names);
  explained->names = NULL;
}

void heapster__lua_rank_explained(struct heapster__lua_explained *explained, const struct heapster_stats *stats,
                                  const struct heapster_limit *limits, size_t limit_count) {
  heapster__sites_rank_by(explained->sites.sites, explained->sites.count, stats, limits, limit_count);
}
