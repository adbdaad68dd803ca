/* Slow paths of the Lua hook: small or foreign blocks, no counters yet, a guard up, another next allocator. lua_hook.c
   calls them before it has done anything, or to finish. */
#ifndef HEAPSTER__SCRIPT_LUA_SLOW_H
#define HEAPSTER__SCRIPT_LUA_SLOW_H

#include "hooks/script/lua_state.h"

/* The kind of object that a type tag names, or at least HEAPSTER__LUA_TAGGED: it names none. */
HEAPSTER__INLINE size_t heapster__lua_kind_of(size_t tag) { return tag - HEAPSTER__LUA_FIRST_TAG; }

/* Calls the next allocator, under a guard if it may call a layer that counts. Lua's own calls malloc and no other. */
void *heapster__lua_call_next(const struct heapster__lua_state *state, void *ptr, size_t osize, size_t nsize);

/* A new block of less than 17 bytes, from beginning to end. */
void *heapster__lua_create_small(struct heapster__lua_state *state, size_t tag, size_t size);

/* Records a new block, after the next allocator returned it. Returns it. */
void *heapster__lua_finish_create(struct heapster__lua_state *state, void *block, size_t tag, size_t size);

/* The next allocator refused a new block. Returns NULL. */
void *heapster__lua_record_failure(const struct heapster__lua_state *state);

/* A free and a resize, from beginning to end. */
void *heapster__lua_free_slow(struct heapster__lua_state *state, void *ptr, size_t size);
void *heapster__lua_resize_slow(struct heapster__lua_state *state, void *ptr, size_t osize, size_t nsize);

/* Records a resize: a block of the state's heap, of `counted` bytes, was taken out of the map, and the next allocator
   returned `fresh`, or NULL: it refused, and the old block stays. */
void *heapster__lua_finish_resize(struct heapster__lua_state *state, uint64_t counted, void *ptr, size_t osize,
                                  void *fresh, size_t nsize);

#endif
