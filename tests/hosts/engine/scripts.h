/* The game's scripts: a Lua state whose memory comes from a pool and is counted as heap `scripts`. */
#ifndef ENGINE_SCRIPTS_H
#define ENGINE_SCRIPTS_H

#include "assets.h"
#include "bodies.h"
#include "loop.h"
#include "pool.h"

/* What scripts see of the engine. */
struct engine {
  struct assets assets;
  struct bodies bodies;
  struct loop loop;
};

struct scripts {
  const char *folder; /* where the .lua files are */
  struct engine *engine;
  struct pool pool;
  lua_State *L;
};

enum { SCRIPTS_BUDGET = 16 << 20 }; /* bytes that the scripts may have; beyond them a script gets "not enough memory" */

/* Opens the state and runs game.lua; says on stderr why it cannot. To be closed in either case. */
bool scripts_open(struct scripts *scripts, struct engine *engine, const char *folder);

void scripts_close(struct scripts *scripts);

#endif
