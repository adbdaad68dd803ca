/* The small map: the live blocks below 16 bytes of a Lua state over a host's own allocator, by address.

   Such an allocator is given Lua's own sizes, and may put several small blocks into one granule of a shadow map. So
   these blocks have a map of their own: a cell of 64 bits for every 16 bytes of address space, with 4 bits for each
   byte in it, which are the size of the block that begins there, or 0. Only the state's thread writes; walks read
   meanwhile. */
#ifndef HEAPSTER__COUNT_SMALL_MAP_H
#define HEAPSTER__COUNT_SMALL_MAP_H

#include "count/shadow_map.h"

struct heapster__small_map;

/* An empty map, or NULL. */
struct heapster__small_map *heapster__small_create(void);

/* Enters a block of 1 to 15 bytes where none is. False: no memory. */
bool heapster__small_put(struct heapster__small_map *map, const void *address, unsigned size);

/* Takes out the block that begins there, and returns its size; 0: there is none. */
unsigned heapster__small_take(struct heapster__small_map *map, const void *address);

/* Visits every block with its own address, as blocks of `owner`, in the order of addresses. */
void heapster__small_visit(struct heapster__small_map *map, unsigned owner, heapster__visitor *visit,
                           const void *context);

#endif
