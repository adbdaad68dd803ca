/* What the hook knows of the calling state. */
#ifndef HEAPSTER__LUA_HOOK_H
#define HEAPSTER__LUA_HOOK_H

#include <lua.h>

#include <heapster/heapster.h>

/* Whether the state is counted, if need be by a request sent through the allocator above ours. */
bool heapster__lua_is_counted(lua_State *L);

/* The heap that counts the state, or that counted it last if no other state has that now; else NULL. */
const struct heapster_heap *heapster__lua_own_heap(lua_State *L);

/* Where the state's requests are from while its lines are followed; NULL: it is not hooked. */
struct heapster__site;
struct heapster__site *heapster__lua_site(lua_State *L);

/* Whether what the state's functions in C request is at its lines, too. */
void heapster__lua_follow_functions(lua_State *L, bool follows);

/* Why the state is not counted, one sentence; NULL: it is. */
const char *heapster__lua_problem(lua_State *L);

/* Why it could not be hooked when that was last asked for, or NULL. */
const char *heapster__lua_refusal(lua_State *L);

void heapster__lua_read_status(lua_State *L, struct heapster_status *status);

#endif
