/* The memory of Lua's own string buffers. */
#ifndef HEAPSTER__LUA_BUFFERS_H
#define HEAPSTER__LUA_BUFFERS_H

#include <lua.h>

/* Bytes that the buffers of running C functions have of the state's allocator, which Lua does not count. `require`
   itself has such a buffer if its paths are long. Of the calling coroutine and the main one. */
size_t heapster__lua_buffer_bytes(lua_State *L);

#endif
