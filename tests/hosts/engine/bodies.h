/* The entities as the engine sees them: round bodies that move. */
#ifndef ENGINE_BODIES_H
#define ENGINE_BODIES_H

#include <heapster/heapster.h>
#include <lua.h>

enum { BODIES_A_CHUNK = 64, BODY_CHUNKS = 16 };

struct body {
  double x, y;
  double dx, dy; /* a second */
  double radius; /* 0: the place is vacant */
  lua_Integer next_vacant;
};

/* Chunks never move, so a body stays where it is while others come. The place of one that died is the next one's. */
struct bodies {
  struct heapster_heap *heap;
  struct body *chunks[BODY_CHUNKS];
  lua_Integer made;   /* places handed out at least once */
  lua_Integer vacant; /* the number of a vacant place, 0 if there is none */
};

/* Names the heap `entities`, over the system's allocator. */
enum heapster_error bodies_open(struct bodies *bodies);

/* Moves each on by `seconds`. */
void bodies_step(struct bodies *bodies, double seconds);

/* Gives scripts the table `bodies`:

     bodies.make(x, y, radius)   a number
     bodies.free(number)
     bodies.clear()              all of them, and their memory
     bodies.place(number)        x, y
     bodies.speed(number)        dx, dy
     bodies.push(number, dx, dy) its new speed
     bodies.touching(number)     the number of the first other that it touches, or nil   */
void bodies_register(struct bodies *bodies, lua_State *L);

#endif
