/* The one door to the operating system and the C library: pages, the end of a thread, fork. */
#include "platform.h"

#include "atomics.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>

static heapster__counter mapped_bytes;

static void *map(size_t bytes) {
  int error = errno;
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  errno = error;
  return pages == MAP_FAILED ? NULL : pages;
}

static void unmap(void *pages, size_t bytes) {
  int error = errno;
  if (bytes) munmap(pages, bytes);
  errno = error;
}

void *heapster__pages_map(size_t bytes) {
  void *pages = map(bytes);
  if (pages) heapster__add_relaxed(&mapped_bytes, bytes);
  return pages;
}

void heapster__pages_unmap(void *pages, size_t bytes) {
  unmap(pages, bytes);
  heapster__add_relaxed(&mapped_bytes, -(uint64_t)bytes);
}

uint64_t heapster__own_bytes(void) { return heapster__load_relaxed(&mapped_bytes); }

/* Pieces are cut from chunks that are aligned to their own size, so that the place of the next piece alone tells
   what is left: nothing where it has come round to the start of a chunk. */
enum { CHUNK = 65536 };
_Static_assert((int)HEAPSTER__PIECE <= (int)CHUNK, "a piece fits into a chunk");

static _Atomic uintptr_t next_piece;

static uintptr_t new_chunk(void) {
  uintptr_t start = (uintptr_t)map((size_t)2 * CHUNK);
  if (!start) return 0;
  uintptr_t chunk = (start + CHUNK - 1) & ~(uintptr_t)(CHUNK - 1);
  unmap((void *)start, chunk - start);
  unmap((void *)(chunk + CHUNK), start + CHUNK - chunk);
  return chunk;
}

void *heapster__piece_take(size_t bytes) {
  size_t size = (bytes + HEAPSTER__CACHE_LINE - 1) & ~(size_t)(HEAPSTER__CACHE_LINE - 1);
  /* acquire and release pair with each other: who takes a piece of a chunk sees the chunk as the system gave it */
  uintptr_t place = heapster__load_acquire(&next_piece);
  for (;;) {
    size_t used = place % CHUNK;
    if (used && used + size <= CHUNK) {
      if (heapster__swap_acq_rel(&next_piece, &place, place + size)) return (void *)place;
      continue;
    }
    uintptr_t chunk = new_chunk();
    if (!chunk) return NULL;
    if (heapster__swap_acq_rel(&next_piece, &place, chunk + size)) {
      heapster__add_relaxed(&mapped_bytes, CHUNK);
      return (void *)chunk;
    }
    unmap((void *)chunk, CHUNK);
  }
}

/* The key of the thread-end call is made by the first thread that asks, without waiting for anybody. */
enum { KEY_NONE, KEY_IN_MAKING, KEY_MADE };
static _Atomic int key_state;
static pthread_key_t key;
static void (*call_at_end)(void *thread);

static bool key_is_made(void (*ended)(void *thread)) {
  int state = heapster__load_acquire(&key_state); /* pairs with the release below: the key is readable */
  if (state != KEY_NONE) return state == KEY_MADE;
  int none = KEY_NONE;
  if (!atomic_compare_exchange_strong(&key_state, &none, KEY_IN_MAKING)) return false;
  call_at_end = ended;
  bool is_made = pthread_key_create(&key, call_at_end) == 0;
  heapster__store_release(&key_state, is_made ? KEY_MADE : KEY_NONE);
  return is_made;
}

bool heapster__at_thread_end(void *thread, void (*ended)(void *thread)) {
  return key_is_made(ended) && pthread_setspecific(key, thread) == 0;
}

void heapster__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void)) {
  pthread_atfork(before, in_parent, in_child);
}
