/* A module as a careless build makes it: heapster for Lua with a core of its own inside. */
#include <heapster/modules.h>

int (*second_copy_open)(struct lua_State *L) = luaopen_heapster;
