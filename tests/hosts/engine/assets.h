/* What a level loads: textures and sounds, each a block of the heap of its kind. */
#ifndef ENGINE_ASSETS_H
#define ENGINE_ASSETS_H

#include <heapster/heapster.h>
#include <lua.h>

enum { ASSETS_OF_A_KIND = 64 };

/* Assets of one kind, known to scripts by their number. */
struct shelf {
  const char *what; /* "texture" */
  struct heapster_heap *heap;
  void *blocks[ASSETS_OF_A_KIND];
};

struct assets {
  struct shelf textures;
  struct shelf audio;
};

/* Names the heaps `textures` and `audio`, over the system's allocator. */
enum heapster_error assets_open(struct assets *assets);

/* Gives scripts the tables `textures` and `audio`:

     textures.load(name, width, height)   a number; four bytes a pixel
     audio.load(name, seconds)            a number; 44,100 samples a second, two bytes each
     textures.release(number), audio.release(number)   */
void assets_register(struct assets *assets, lua_State *L);

#endif
