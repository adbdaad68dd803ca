/* Errors and strings of the Lua module.

   This holds for all headers in this folder: a function that takes a lua_State may raise a Lua error. */
#ifndef HEAPSTER__LUA_ERRORS_H
#define HEAPSTER__LUA_ERRORS_H

#include <lua.h>

#include <lauxlib.h>

#include "common/text.h"

/* Errors that are tables, with the fields `kind` and `message`. All others are strings. */
enum heapster__lua_error {
  HEAPSTER__LUA_UNKNOWN_HEAP,
  HEAPSTER__LUA_NOT_COUNTING,
  HEAPSTER__LUA_LIMIT_EXCEEDED,
  HEAPSTER__LUA_ERRORS
};

/* Sets their metatables in the module, which is on top of the stack. */
void heapster__lua_add_errors(lua_State *L);

/* Pushes an error with the place of the caller; frees `message`. */
void heapster__lua_push_error(lua_State *L, enum heapster__lua_error kind, struct heapster_text message);

/* Raise an error and do not return. The format is that of lua_pushfstring. */
int heapster__lua_raise(lua_State *L, enum heapster__lua_error kind, struct heapster_text message);
int heapster__lua_raise_core(lua_State *L, enum heapster_error error);
int heapster__lua_raise_hook(lua_State *L, const char *verb, enum heapster_error error, const char *hook);
int heapster__lua_raise_argument(lua_State *L, int argument, const char *format, ...);

/* Raises an error unless the function got that many arguments. */
void heapster__lua_check_count(lua_State *L, int least, int most);

/* The string at `index`, "" for another type; raises an error if it has a null character inside. */
const char *heapster__lua_chars(lua_State *L, int index);

/* The name of the type of the value at `index`, for messages. May leave it on the stack. */
const char *heapster__lua_type_name(lua_State *L, int index);

/* Pushes the text as a string and frees it. */
const char *heapster__lua_push_text(lua_State *L, struct heapster_text text);

#endif
