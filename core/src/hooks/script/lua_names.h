/* The names of a Lua program's sources and C functions while it is explained. They are in pages of heapster's own,
   since a source may be collected before anybody reads where its requests came from. A name is stored once, so its
   address names the place of a site. One thread at a time: that of the state. */
#ifndef HEAPSTER__SCRIPT_LUA_NAMES_H
#define HEAPSTER__SCRIPT_LUA_NAMES_H

#include <heapster/base.h>

struct heapster__lua_name {
  const struct heapster__lua_name *file; /* of a function: the source that called it; NULL: this names a source */
  uint32_t hash;
  uint32_t length;
  char text[]; /* ends in NUL */
};

struct heapster__lua_names;

/* Longer ones are cut off. */
enum { HEAPSTER__LUA_NAME = 4000 };

/* NULL: no memory. `destroy` takes NULL. */
HEAPSTER_API struct heapster__lua_names *heapster__lua_names_create(void);
HEAPSTER_API void heapster__lua_names_destroy(struct heapster__lua_names *names);

/* The source of that name, or a function of that name that it called. NULL: the pages are full. */
HEAPSTER_API const struct heapster__lua_name *heapster__lua_names_find(struct heapster__lua_names *names,
                                                                       const struct heapster__lua_name *file,
                                                                       const char *text, size_t length);

/* What the function in C at `address` was called when it was first met, or NULL. One that was forgotten, since others
   were met meanwhile, is NULL too. */
HEAPSTER_API const char *heapster__lua_names_function(const struct heapster__lua_names *names, uintptr_t address);
HEAPSTER_API void heapster__lua_names_note_function(struct heapster__lua_names *names, uintptr_t address,
                                                    const char *text);

#endif
