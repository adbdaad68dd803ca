/* The arguments of watch_large(), and what it kept. */
#ifndef HEAPSTER__LUA_LARGE_H
#define HEAPSTER__LUA_LARGE_H

#include <lua.h>

#include <lauxlib.h>

#include "common/large.h"

/* An integer, or a string such as "1 MiB". */
uint64_t heapster__lua_check_watched(lua_State *L, int argument);

/* nil, or a table of options: {keep = true}. */
bool heapster__lua_check_keep(lua_State *L, int argument);

/* Raises why watch_large() failed. */
int heapster__lua_raise_watch(lua_State *L, enum heapster_error error);

int heapster__lua_large_requests(lua_State *L);

#endif
