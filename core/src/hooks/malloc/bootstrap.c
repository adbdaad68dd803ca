/* Before the first request is counted: finds the next allocator.

   Requests arrive before any constructor has run. They look the next allocator up, and what that look-up itself asks
   for is served from a small pool. Then the table is turned to the counted functions; or to the next allocator's own
   where a sanitizer must see every call. */
#include "hooks/malloc/preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct heapster__malloc_family next;
static size_t (*next_usable_size)(void *block);

/* The pool is never given back. Its blocks are 16-aligned; their size stands in front of them. */
enum { POOL = 1 << 16, UNIT = 16 };
static struct {
  _Alignas(UNIT) unsigned char bytes[POOL];
  size_t used;
} pool;

static bool is_pooled(const void *block) {
  return (uintptr_t)block - (uintptr_t)pool.bytes < POOL; /* a smaller address wraps round */
}

static size_t pooled_size(const void *block) {
  size_t size;
  memcpy(&size, (const unsigned char *)block - UNIT, sizeof size);
  return size;
}

static void *pool_take_aligned(size_t alignment, size_t size) {
  if (size > POOL || alignment > POOL) return NULL;
  size_t bytes = UNIT + alignment + ((size + UNIT - 1) & ~(size_t)(UNIT - 1));
  size_t start = __atomic_fetch_add(&pool.used, bytes, __ATOMIC_RELAXED);
  if (start > POOL || bytes > POOL - start) return NULL;
  unsigned char *block = pool.bytes + start + UNIT;
  block += -(uintptr_t)block & (alignment - 1);
  memcpy(block - UNIT, &size, sizeof size);
  return block;
}

/* A block of the pool comes back to be resized, or freed, which is nothing. */
static bool early_block(const void *block, size_t *size) {
  if (!is_pooled(block)) return false;
  *size = pooled_size(block);
  return true;
}

/* An allocator that lacks a function must not get another's blocks: what the next object has does not count, it must
   be the object that has malloc. */
static const void *home; /* of malloc */

static const void *home_of(const void *function) {
  Dl_info object;
  return function && dladdr(function, &object) ? object.dli_fbase : NULL;
}

static void look_up(void *function, const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (home_of(found) != home) found = NULL;
  memcpy(function, &found, sizeof found);
}

enum { PAGE = 4096 };

static void *valloc_by_memalign(size_t size) { return next.memalign(PAGE, size); }

static void *pvalloc_by_memalign(size_t size) {
  if (size > SIZE_MAX - PAGE) return next.memalign(PAGE, SIZE_MAX - PAGE); /* the allocator's to refuse */
  return next.memalign(PAGE, size ? (size + PAGE - 1) & ~(size_t)(PAGE - 1) : PAGE);
}

static void *memalign_by_posix(size_t alignment, size_t size) {
  void *block = NULL;
  int error = next.posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size);
  if (!error) return block;
  errno = error;
  return NULL;
}

static void fill_gaps(void) {
  if (!next.memalign) next.memalign = memalign_by_posix;
  if (!next.aligned_alloc) next.aligned_alloc = next.memalign;
  if (!next.valloc) next.valloc = valloc_by_memalign;
  if (!next.pvalloc) next.pvalloc = pvalloc_by_memalign;
}

static void look_up_all(void) {
  home = home_of(dlsym(RTLD_NEXT, "malloc"));
  look_up(&next.malloc, "malloc");
  look_up(&next.calloc, "calloc");
  look_up(&next.realloc, "realloc");
  look_up(&next.free, "free");
  look_up(&next.posix_memalign, "posix_memalign");
  look_up(&next.aligned_alloc, "aligned_alloc");
  look_up(&next.memalign, "memalign");
  look_up(&next.valloc, "valloc");
  look_up(&next.pvalloc, "pvalloc");
  look_up(&next_usable_size, "malloc_usable_size");
  fill_gaps();
}

static bool was_asked_inside; /* while looking up or probing */

/* musl's calloc and aligned functions call the public malloc, which the table still sends to `early`. */
static bool comes_back(void) {
  was_asked_inside = false;
  void *block = next.calloc(1, UNIT);
  bool came_back = was_asked_inside;
  if (!is_pooled(block)) next.free(block);
  return came_back;
}

static const char *way_name(void) {
  const char *preloaded = secure_getenv("LD_PRELOAD");
  return preloaded && strstr(preloaded, "libheapster_malloc") ? "preload" : "link";
}

static const char *problem(void) {
  if (!next.malloc || !next.calloc || !next.realloc || !next.free || !next.posix_memalign)
    return "no allocator was found below the hook";
  if (dlsym(RTLD_DEFAULT, "__asan_init") || dlsym(RTLD_DEFAULT, "__tsan_init"))
    return "a sanitizer in the process brings its own allocator, which must see every call";
  return NULL;
}

static size_t usable_size(void *block) {
  if (is_pooled(block)) return pooled_size(block);
  return block && next_usable_size ? next_usable_size(block) : 0;
}

static void turn_to_counted(void) {
  heapster__preload = (struct heapster__preload_table){
      {heapster__counted_malloc, heapster__counted_calloc, heapster__counted_realloc, heapster__counted_free,
       heapster__counted_posix_memalign, heapster__counted_aligned_alloc, heapster__counted_memalign,
       heapster__counted_valloc, heapster__counted_pvalloc},
      {heapster__counted_malloc, heapster__counted_memalign, heapster__counted_free},
      heapster__counted_reallocarray,
      usable_size,
      heapster__malloc_adopt,
  };
}

static void passed_free(void *block) {
  if (!is_pooled(block)) next.free(block);
}

static void *passed_realloc(void *block, size_t size) {
  if (!is_pooled(block)) return next.realloc(block, size);
  void *fresh = next.malloc(size);
  size_t old = pooled_size(block);
  return fresh ? memcpy(fresh, block, old < size ? old : size) : NULL;
}

static void *passed_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (!__builtin_mul_overflow(count, size, &bytes)) return passed_realloc(block, bytes);
  errno = ENOMEM;
  return NULL;
}

static void adopt_nothing(void *block, size_t size) {
  (void)block;
  (void)size;
}

static void turn_to_next(void) {
  struct heapster__preload_table table = {
      next, {next.malloc, next.memalign, passed_free}, passed_reallocarray, usable_size, adopt_nothing,
  };
  table.family.free = passed_free;
  table.family.realloc = passed_realloc;
  heapster__preload = table;
}

static bool is_starting;

/* True when the table leads on. False inside the look-up itself: the pool must do. */
static bool is_started(void) {
  if (is_starting) return false;
  is_starting = true;
  look_up_all();
  struct heapster__malloc_hook way = {.below = next, .name = way_name(), .problem = problem(), .early = early_block};
  if (!way.problem) way.comes_back = comes_back();
  if (heapster__malloc_start(&way))
    turn_to_counted();
  else
    turn_to_next();
  return true;
}

#define family heapster__preload.family

static void *early_aligned(size_t alignment, size_t size) {
  was_asked_inside = true;
  return pool_take_aligned(alignment < UNIT ? UNIT : alignment, size);
}

static void *early_malloc(size_t size) { return is_started() ? family.malloc(size) : early_aligned(UNIT, size); }

static void *early_calloc(size_t count, size_t size) {
  size_t bytes;
  if (is_started()) return family.calloc(count, size);
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_aligned(UNIT, bytes);
}

static void *early_realloc(void *block, size_t size) {
  if (is_started()) return family.realloc(block, size);
  void *fresh = early_aligned(UNIT, size);
  size_t old = is_pooled(block) ? pooled_size(block) : 0;
  return fresh && block ? memcpy(fresh, block, old < size ? old : size) : fresh;
}

static void early_free(void *block) {
  if (block && is_started()) family.free(block);
}

static int early_posix_memalign(void **block, size_t alignment, size_t size) {
  if (is_started()) return family.posix_memalign(block, alignment, size);
  void *made = early_aligned(alignment, size);
  if (!made) return ENOMEM;
  *block = made;
  return 0;
}

static void *early_aligned_alloc(size_t alignment, size_t size) {
  return is_started() ? family.aligned_alloc(alignment, size) : early_aligned(alignment, size);
}

static void *early_memalign(size_t alignment, size_t size) {
  return is_started() ? family.memalign(alignment, size) : early_aligned(alignment, size);
}

static void *early_valloc(size_t size) { return is_started() ? family.valloc(size) : early_aligned(PAGE, size); }

static void *early_pvalloc(size_t size) { return is_started() ? family.pvalloc(size) : early_aligned(PAGE, size); }

static void *early_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return passed_reallocarray(block, count, size);
  return early_realloc(block, bytes);
}

static size_t early_usable_size(void *block) { return is_started() ? usable_size(block) : pooled_size(block); }

struct heapster__preload_table heapster__preload = {
    {early_malloc, early_calloc, early_realloc, early_free, early_posix_memalign, early_aligned_alloc, early_memalign,
     early_valloc, early_pvalloc},
    {early_malloc, early_memalign, early_free},
    early_reallocarray,
    early_usable_size,
    adopt_nothing,
};

/* aligned_alloc may insist on a size that is a multiple of the alignment. */
static void *public_memalign(size_t alignment, size_t size) {
  size_t excess = size & (alignment - 1);
  return aligned_alloc(alignment, excess && size <= SIZE_MAX - alignment ? size + alignment - excess : size);
}

static void public_free(void *block) {
  if (!is_pooled(block)) free(block);
}

/* An allocator that stands in front may lack some of the operators: those that come here ask what everybody asks, and
   the C library's would. What it lacks of the C functions is the next allocator's, as without us. */
static void turn_to_front(void) {
  turn_to_next();
  heapster__preload.objects = (struct heapster__object_family){malloc, public_memalign, public_free};
}

/* Whose malloc the program calls instead: the one that the loader meets first. */
static const char *why_missed(void) {
  static char text[256];
  Dl_info front;
  const char *path = dladdr(dlsym(RTLD_DEFAULT, "malloc"), &front) && front.dli_fname ? front.dli_fname : "the program";
  const char *slash = strrchr(path, '/');
  snprintf(text, sizeof text, "the requests do not reach the hook: the allocator of %s stands in front of it",
           slash ? slash + 1 : path);
  return text;
}

/* A program that asks for nothing before its first fork or thread is counted from there on too. Whose requests go
   elsewhere is known by now: all is loaded and bound. */
__attribute__((constructor)) static void start(void) {
  if (!is_starting) is_started();
  if (!heapster__malloc_probe_missed()) return;
  heapster__malloc_give_up(why_missed());
  turn_to_front();
}
