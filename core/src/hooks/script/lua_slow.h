/* What a Lua state asks where something is not as it mostly is: any allocator below, any block, any thread. lua_hook.c
   turns here before it has done anything, or where the rest is said. */
#ifndef HEAPSTER__SCRIPT_LUA_SLOW_H
#define HEAPSTER__SCRIPT_LUA_SLOW_H

#include "hooks/script/lua_state.h"

/* The kind that a type tag tells, HEAPSTER__LUA_TAGGED or more where it tells none. */
HEAPSTER__INLINE size_t heapster__lua_kind_of(size_t tag) { return tag - HEAPSTER__LUA_FIRST_TAG; }

/* Asks the allocator below, under the mark where it may ask a layer that counts: Lua's own asks malloc and no other. */
void *heapster__lua_call_next(const struct heapster__lua_state *state, void *ptr, size_t osize, size_t nsize);

/* A new block below 17 bytes, from beginning to end. */
void *heapster__lua_create_small(struct heapster__lua_state *state, size_t tag, size_t size);

/* The rest of a new block: the one below gave it. Answers the block. */
void *heapster__lua_finish_create(struct heapster__lua_state *state, void *block, size_t tag, size_t size);

/* The one below gave none. Answers NULL. */
void *heapster__lua_refuse(const struct heapster__lua_state *state);

/* A free, and a resize, from beginning to end. */
void *heapster__lua_release(struct heapster__lua_state *state, void *ptr, size_t size);
void *heapster__lua_resize(struct heapster__lua_state *state, void *ptr, size_t osize, size_t nsize);

/* The rest of a resize: a block of the state's heap, `counted` bytes large, was taken out of the map, and the one below
   answered `fresh`. */
void *heapster__lua_finish_resize(struct heapster__lua_state *state, uint64_t counted, void *ptr, size_t osize,
                                  void *fresh, size_t nsize);

#endif
