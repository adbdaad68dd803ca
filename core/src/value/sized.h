/* Structs that callers own. They were compiled with an earlier or a later header, so theirs may be shorter or longer
   than ours. What a function reads or fills goes through here: directly where that can be done, otherwise by way of
   `room`, a struct of ours. */
#ifndef HEAPSTER__VALUE_SIZED_H
#define HEAPSTER__VALUE_SIZED_H

#include <heapster/frame.h>
#include <heapster/stats.h>

/* The lengths in the first version, in which structs did not hold their own. */
enum {
  HEAPSTER__FIRST_STATS = 1856,
  HEAPSTER__FIRST_STATUS = 128,
  HEAPSTER__FIRST_ALLOCATOR = 48,
  HEAPSTER__FIRST_LIMIT = 24,
  HEAPSTER__FIRST_FRAME = 32
};

/* Copies what both know and zeroes the rest of `to`. */
void heapster__copy_sized(void *to, size_t to_size, const void *from, size_t from_size);

/* The struct to fill for a caller whose own has `size` bytes. */
static inline struct heapster_stats *heapster__stats_target(struct heapster_stats *theirs, size_t size,
                                                            struct heapster_stats *room) {
  return size >= sizeof *room ? theirs : room;
}

/* Finishes what was filled: sets its size, and copies it to the caller's struct unless it is that. */
void heapster__stats_give_sized(struct heapster_stats *theirs, size_t size, struct heapster_stats *filled);
static inline void heapster__stats_give(struct heapster_stats *theirs, size_t size, struct heapster_stats *filled) {
  if (size == sizeof *filled)
    filled->struct_size = sizeof *filled;
  else
    heapster__stats_give_sized(theirs, size, filled);
}

/* The caller's struct in full length: figures that it does not have are 0. */
const struct heapster_stats *heapster__stats_accept(const struct heapster_stats *theirs, struct heapster_stats *room);

/* Whether it is long enough for the figure at that offset. */
bool heapster__stats_holds(const struct heapster_stats *theirs, size_t offset);

/* Frames, from the member frame_count on, between structs whose frames have these sizes. */
void heapster__frames_copy(uint64_t *to, size_t to_frame_size, const uint64_t *from, size_t from_frame_size);

/* The bytes of a struct heapster_frames whose frames have that size. */
size_t heapster__frames_size(size_t frame_size);

/* The caller's struct in full length. */
const struct heapster_frames *heapster__frames_accept(const struct heapster_frames *theirs,
                                                      struct heapster_frames *room);

#endif
