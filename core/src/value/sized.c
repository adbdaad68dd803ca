/* Structs that callers own, which may be shorter or longer than ours. */
#include "value/sized.h"

#include <heapster/allocator.h>
#include <heapster/limit.h>
#include <heapster/status.h>

#include <string.h>

/* Structs grow at their end only: the first version's are the beginning of today's. */
#define CHECK_FIRST(name, last, size)                                                                    \
  _Static_assert(offsetof(struct name, last) + sizeof((struct name *)0)->last == HEAPSTER__FIRST_##size, \
                 "the first struct " #name " ends with " #last)
CHECK_FIRST(heapster_stats, lua_kinds, STATS);
CHECK_FIRST(heapster_status, own_bytes, STATUS);
CHECK_FIRST(heapster_allocator, context, ALLOCATOR);
CHECK_FIRST(heapster_limit, max, LIMIT);
CHECK_FIRST(heapster_frame, use_peak, FRAME);

enum { COUNTS = 4, SINGLE_FRAMES = 3, ALL_FRAMES = SINGLE_FRAMES + HEAPSTER_FRAMES };
_Static_assert(offsetof(struct heapster_frames, last) ==
                       offsetof(struct heapster_frames, frame_count) + COUNTS * sizeof(uint64_t) &&
                   offsetof(struct heapster_frames, kept) ==
                       offsetof(struct heapster_frames, last) + SINGLE_FRAMES * sizeof(struct heapster_frame),
               "four counts, then all frames one after the other");

void heapster__copy_sized(void *to, size_t to_size, const void *from, size_t from_size) {
  const size_t common = to_size < from_size ? to_size : from_size;
  memcpy(to, from, common);
  memset((char *)to + common, 0, to_size - common);
}

void heapster__stats_give_sized(struct heapster_stats *theirs, size_t size, struct heapster_stats *filled) {
  const size_t known = size < sizeof *filled ? size : sizeof *filled;
  filled->struct_size = (uint32_t)known;
  if (filled != theirs) memcpy(theirs, filled, known);
  memset((char *)theirs + known, 0, size - known);
}

static size_t size_of(const struct heapster_stats *theirs) {
  return theirs->struct_size ? theirs->struct_size : HEAPSTER__FIRST_STATS;
}

bool heapster__stats_holds(const struct heapster_stats *theirs, size_t offset) {
  return offset + sizeof(uint64_t) <= size_of(theirs);
}

const struct heapster_stats *heapster__stats_accept(const struct heapster_stats *theirs, struct heapster_stats *room) {
  const size_t size = size_of(theirs);
  if (size >= sizeof *room) return theirs;
  heapster__copy_sized(room, sizeof *room, theirs, size);
  return room;
}

void heapster__frames_copy(uint64_t *to, size_t to_frame_size, const uint64_t *from, size_t from_frame_size) {
  memcpy(to, from, COUNTS * sizeof *to);
  char *target = (char *)(to + COUNTS);
  const char *source = (const char *)(from + COUNTS);
  for (unsigned i = 0; i < ALL_FRAMES; i++, target += to_frame_size, source += from_frame_size)
    heapster__copy_sized(target, to_frame_size, source, from_frame_size);
}

size_t heapster__frames_size(size_t frame_size) {
  return offsetof(struct heapster_frames, last) + ALL_FRAMES * frame_size;
}

const struct heapster_frames *heapster__frames_accept(const struct heapster_frames *theirs,
                                                      struct heapster_frames *room) {
  const size_t frame_size = theirs->frame_size ? theirs->frame_size : HEAPSTER__FIRST_FRAME;
  const size_t struct_size = theirs->struct_size ? theirs->struct_size : heapster__frames_size(frame_size);
  if (frame_size == sizeof(struct heapster_frame) && struct_size >= sizeof *room) return theirs;
  memset(room, 0, sizeof *room);
  room->struct_size = sizeof *room;
  room->frame_size = sizeof(struct heapster_frame);
  if (struct_size >= heapster__frames_size(frame_size))
    heapster__frames_copy(&room->frame_count, room->frame_size, &theirs->frame_count, frame_size);
  return room;
}
