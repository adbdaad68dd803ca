/* How requests of a program or an interpreter come to be counted. */
#ifndef HEAPSTER__HOOKS_MODE_H
#define HEAPSTER__HOOKS_MODE_H

#include <heapster/base.h>

enum heapster__mode {
  HEAPSTER__MODE_NONE = 0, /* they are not */
  HEAPSTER__MODE_PRELOAD,  /* malloc: by LD_PRELOAD */
  HEAPSTER__MODE_LINK,     /* malloc: the program links heapster::malloc */
  HEAPSTER__MODE_ATTACH,   /* malloc: in a running process */
  HEAPSTER__MODE_IMPORT,   /* Python: by the script's import */
  HEAPSTER__MODE_REQUIRE,  /* Lua: by the script's require */
  HEAPSTER__MODE_HOST,     /* Python, Lua: by the program that embeds it */
  HEAPSTER__MODES
};

/* The word for it in the status: "none", "preload", ... */
HEAPSTER_API const char *heapster__mode_name(enum heapster__mode mode);

#endif
