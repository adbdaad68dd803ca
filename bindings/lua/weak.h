/* What the loadable module uses of Lua's API, and an older Lua lacks: as weak references, so that such a Lua loads the
   module all the same, and luaopen_heapster can say which Lua it is for. tests/lua/test_other_lua.py loads it there. */
#ifndef HEAPSTER__LUA_WEAK_H
#define HEAPSTER__LUA_WEAK_H

#include <lua.h>

#include <lauxlib.h>

#define HEAPSTER__LUA_IS_WEAK

#pragma weak luaL_checkversion_
#pragma weak luaL_setfuncs
#pragma weak luaL_tolstring
#pragma weak luaL_typeerror
#pragma weak lua_callk
#pragma weak lua_copy
#pragma weak lua_geti
#pragma weak lua_getiuservalue
#pragma weak lua_isinteger
#pragma weak lua_newuserdatauv
#pragma weak lua_pcallk
#pragma weak lua_rawgetp
#pragma weak lua_rawlen
#pragma weak lua_rawsetp
#pragma weak lua_rotate
#pragma weak lua_setiuservalue
#pragma weak lua_toclose
#pragma weak lua_tointegerx
#pragma weak lua_version
#pragma weak lua_warning

#endif
