/* Frames: what each turn of a loop requested, in every heap and in all of them, for the last 256 turns.

     for (;;) {
       heapster_frame_mark();
       step();
     }

   A process has one frame clock: the first mark begins the first frame, and every further one ends a frame and begins
   the next, whichever thread calls it. Frames are numbered from 1. A frame shows what all threads did between two
   marks; windows are not disturbed, and heapster_reset leaves frames as they are. The child of a fork goes on in the
   frame of its parent, with the same ring. */
#ifndef HEAPSTER_FRAME_H
#define HEAPSTER_FRAME_H

#include <heapster/base.h>
#include <heapster/heap.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HEAPSTER_FRAMES = 256 };

/* What happened in one frame; the fields mean what those of heapster_stats mean in a window. use_peak_error is 0 where
   only the marking thread acted, and it marked the last frame too. */
struct heapster_frame {
  uint64_t alloc_count;          /* requests for a new block that were served */
  uint64_t realloc_growth_count; /* resizes to a larger size */
  uint64_t total_alloc_sum;      /* bytes requested by both */
  uint64_t use_peak;             /* highest use inside, above the use at its begin */
  uint64_t use_peak_error;       /* use_peak may be too low or too high by as much: see heapster/stats.h */
};

/* The frames of one heap, or of the total. */
struct heapster_frames {
  uint32_t struct_size;       /* bytes of this struct that heapster_frames_read filled; 0 stands for all up to `kept` */
  uint32_t frame_size;        /* bytes of each struct heapster_frame in it; 0 stands for all up to use_peak */
  uint64_t frame_count;       /* frames that have ended: the number of the last one; 0 before the second mark */
  uint64_t kept_count;        /* those that are in `kept`: at most HEAPSTER_FRAMES, fewer of a heap created later */
  uint64_t quiet_count;       /* those of them that requested nothing: no alloc, no growth */
  uint64_t worst_index;       /* the number of the worst one; 0 if none is kept */
  struct heapster_frame last; /* zeros if none is kept, and so are the next two */
  struct heapster_frame mean; /* of those kept, each figure rounded down */
  struct heapster_frame worst; /* the one with the most allocs and growths; of equals the one with the most bytes, then
                                  the latest */
  struct heapster_frame kept[HEAPSTER_FRAMES]; /* the oldest first; zeros behind the last */
};

/* Ends a frame and begins the next, of every heap. Makes no request of any counted heap, never: the ring of a heap, 10
   KiB, comes from the system's pages when the heap is first met. A heap created since the last mark has its first frame
   here, with all that it counted. A mark reads some fifteen counters for each heap and thread, and fifty more where
   something happened. HEAPSTER_NO_MEMORY if there are no pages to begin with; a heap for which there are none later has
   no frames of its own. While malloc is hooked at run time, a library that was loaded since the last mark is found here
   and counted from the frame that begins; if it is bound lazily, over an allocator that stands before libc's, at most
   256 marks after its first call. From any thread; takes a lock, so not from a signal handler. */
HEAPSTER_API enum heapster_error heapster_frame_mark(void) HEAPSTER_NOEXCEPT;

/* The frames of a heap, or of the total for NULL, into `frames`, which has `struct_size` bytes with frames of
   `frame_size`: every counter of the total is the sum over the heaps, its use_peak is its own. All zeros if none has
   ended. */
HEAPSTER_API void heapster_frames_read_sized(const struct heapster_heap *heap, struct heapster_frames *frames,
                                             size_t struct_size, size_t frame_size) HEAPSTER_NOEXCEPT;

/* For people: how many frames, a table of the last, the mean and the worst, and a strip of bars, the oldest frame on
   the left, of allocs and growths; if there are more than 64 frames, a bar is the worst of its neighbours. */
HEAPSTER_API enum heapster_error heapster_frames_text_sized(const struct heapster_frames *frames,
                                                            struct heapster_sink sink);

/* The same for the structs as this header has them. The library also exports functions of these names, for programs
   built with the first version and for other languages: their structs have neither struct_size nor frame_size, and end
   with `kept` and use_peak. */
#if defined(HEAPSTER_EXPORTS) || defined(SWIG)
HEAPSTER_API void heapster_frames_read(const struct heapster_heap *heap,
                                       struct heapster_frames *frames) HEAPSTER_NOEXCEPT;
HEAPSTER_API enum heapster_error heapster_frames_text(const struct heapster_frames *frames, struct heapster_sink sink);
#else
static inline void heapster_frames_read(const struct heapster_heap *heap,
                                        struct heapster_frames *frames) HEAPSTER_NOEXCEPT {
  heapster_frames_read_sized(heap, frames, sizeof *frames, sizeof(struct heapster_frame));
}
static inline enum heapster_error heapster_frames_text(const struct heapster_frames *frames,
                                                       struct heapster_sink sink) {
  return heapster_frames_text_sized(frames, sink);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
