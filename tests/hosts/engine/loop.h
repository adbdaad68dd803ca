/* The game's time: fixed steps, one after another. */
#ifndef ENGINE_LOOP_H
#define ENGINE_LOOP_H

#include "bodies.h"

enum { FRAMES_A_SECOND = 60 };

struct loop {
  struct bodies *bodies;
  lua_Integer frame; /* frames played */
};

/* Gives scripts play(frames, update): so many frames, each a step of the bodies and a call update(seconds). */
void loop_register(struct loop *loop, lua_State *L);

#endif
