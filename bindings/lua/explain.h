/* A function explained: the sites of what its window counts. */
#ifndef HEAPSTER__LUA_EXPLAIN_H
#define HEAPSTER__LUA_EXPLAIN_H

#include "common/sites.h"
#include "lua/options.h"

struct heapster__lua_names;

/* What a window's requests were, in pages of heapster's own. Starts as {0}. */
struct heapster__lua_explained {
  struct heapster__sites sites;
  struct heapster__lua_names *names; /* where the sites' files and functions are */
  bool is_replaced;                  /* another debug hook took the place of ours */
};

/* Raises an error for the heap of another state, whose lines are not known here. */
void heapster__lua_check_explaining(lua_State *L, const struct heapster__lua_options *options);

/* Begin before the window does, and end after it ended. Between them and the window nothing is requested. */
void heapster__lua_begin_explaining(lua_State *L, const struct heapster__lua_options *options);
enum heapster_error heapster__lua_end_explaining(lua_State *L, bool is_finalizer,
                                                 struct heapster__lua_explained *explained);

void heapster__lua_free_explained(struct heapster__lua_explained *explained);

/* Ranks the sites by the limits that `stats` breaks. Pushes a Sites. */
void heapster__lua_rank_explained(struct heapster__lua_explained *explained, const struct heapster_stats *stats,
                                  const struct heapster_limit *limits, size_t limit_count);
void heapster__lua_push_sites(lua_State *L, const struct heapster__lua_explained *explained);

/* The first sites of the Sites at `index`, as a table. */
enum { HEAPSTER__LUA_FEW_SITES = 10, HEAPSTER__LUA_MANY_SITES = 20 };
struct heapster_text heapster__lua_sites_text(lua_State *L, int index, size_t most);

void heapster__lua_add_sites(lua_State *L);

#endif
