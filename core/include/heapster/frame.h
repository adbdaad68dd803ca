/* Frames: what each turn of a loop asked for, in every heap and in all of them, for the last 256 turns.

     for (;;) {
       heapster_frame_mark();
       step();
     }

   There is one frame clock in a process: the first mark begins the first frame, and every further one ends a frame and
   begins the next, whichever thread calls it. Frames are numbered from 1. What all threads did between two marks is in
   the frame; windows are not disturbed, and heapster_reset leaves frames as they are. The child of a fork goes on in
   the frame of its parent, with the same ring. */
#ifndef HEAPSTER_FRAME_H
#define HEAPSTER_FRAME_H

#include <heapster/base.h>
#include <heapster/heap.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HEAPSTER_FRAMES = 256 };

/* What happened in one frame; the fields mean what those of heapster_stats do in a window. */
struct heapster_frame {
  uint64_t alloc_count;          /* requests for a new block that were served */
  uint64_t realloc_growth_count; /* resizes to a larger size */
  uint64_t total_alloc_sum;      /* bytes asked for by both */
  uint64_t use_peak;             /* highest use inside, above the use at the begin */
};

/* The frames of one heap, or of the total. */
struct heapster_frames {
  uint64_t frame_count;        /* frames that have ended: the number of the last one; 0 before the second mark */
  uint64_t kept_count;         /* those that are in `kept`: at most HEAPSTER_FRAMES, fewer of a heap made later */
  uint64_t quiet_count;        /* those of them that asked for nothing: no alloc, no growth */
  uint64_t worst_index;        /* the number of the worst one; 0 where none is kept */
  struct heapster_frame last;  /* zeros where none is kept, and so are the next two */
  struct heapster_frame mean;  /* of those kept, each figure rounded down */
  struct heapster_frame worst; /* the one with the most allocs and growths; of equals the one with the most bytes, then
                                  the latest */
  struct heapster_frame kept[HEAPSTER_FRAMES]; /* the oldest first; zeros behind the last */
};

/* Ends a frame and begins the next, of every heap. Makes no request of any counted heap, never: the ring of a heap, 8
   KiB, comes from the system's pages when the heap is first met. A heap made since the last mark has its first frame
   here, with all that it counted. The time is that of looking at some fifteen counters for each heap and thread, and at
   fifty more where something happened. HEAPSTER_NO_MEMORY where there are no pages to begin with; a heap for which
   there are none later has no frames of its own. While malloc is hooked at run time, a library that was loaded since
   the last mark is found here and counted from the frame that begins; but one that is bound lazily, over an allocator
   that stands before libc's, at most 256 marks after its first call. From any thread; takes a lock, so not from a
   signal handler. */
HEAPSTER_API enum heapster_error heapster_frame_mark(void);

/* The frames of a heap, or of the total for NULL: every counter of the total is the sum over the heaps, its use_peak is
   its own. All zeros where none has ended. */
HEAPSTER_API void heapster_frames_read(const struct heapster_heap *heap, struct heapster_frames *frames);

/* For people: how many frames, a table of the last, the mean and the worst, and a strip of bars, the oldest frame on
   the left, of allocs and growths; where there are more than 64 frames, a bar is the worst of its neighbours. */
HEAPSTER_API enum heapster_error heapster_frames_text(const struct heapster_frames *frames, struct heapster_sink sink);

#ifdef __cplusplus
}
#endif

#endif
