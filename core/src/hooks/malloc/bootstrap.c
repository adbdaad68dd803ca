/* Finds the next allocator before the first request is counted.

   Requests arrive before any constructor has run. The first one looks the next allocator up; what the look-up itself
   requests is served from a small pool. Then the table is switched to the counted functions, or to the next allocator's
   own where a sanitizer must see every call. */
#include "hooks/malloc/preload.h"

#include "base/platform.h"
#include "explain/explain.h"
#include "explain/large.h"
#include "hooks/attach/attach.h"
#include "hooks/malloc/front.h"
#include "hooks/malloc/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct heapster__malloc_family next;
static size_t (*next_usable_size)(void *block);

/* The pool is never freed. Its blocks are aligned to 16 bytes, and preceded by their size. */
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

static void *allocate_from_pool(size_t alignment, size_t size) {
  if (alignment < UNIT) alignment = UNIT;
  if (size > POOL || alignment > POOL) return NULL;
  size_t bytes = UNIT + alignment + ((size + UNIT - 1) & ~(size_t)(UNIT - 1));
  size_t start = __atomic_fetch_add(&pool.used, bytes, __ATOMIC_RELAXED);
  if (start > POOL || bytes > POOL - start) return NULL;
  unsigned char *block = pool.bytes + start + UNIT;
  block += -(uintptr_t)block & (alignment - 1);
  memcpy(block - UNIT, &size, sizeof size);
  return block;
}

/* Copies a block of the pool into `fresh`, of `size` bytes, which may be NULL. Returns `fresh`. */
static void *copy_from_pool(void *fresh, const void *block, size_t size) {
  const size_t old = pooled_size(block);
  return fresh ? memcpy(fresh, block, old < size ? old : size) : NULL;
}

static bool find_pool_block(const void *block, size_t *size) {
  if (!is_pooled(block)) return false;
  *size = pooled_size(block);
  return true;
}

/* The base address of the object that defines the next malloc. The other functions must come from it too: an allocator
   that lacks one must not get another allocator's blocks. */
static const void *next_base;

static const void *base_of(const void *function) {
  Dl_info object;
  return function && dladdr(function, &object) ? object.dli_fbase : NULL;
}

static bool is_of_next(const void *function) { return base_of(function) == next_base; }

/* What the program would be bound to without the hook. dlsym passes by a hidden version, dlvsym a definition without
   one: the next malloc is the one that was loaded first. */
static bool is_next_hidden;

static void *look_up_malloc(void) {
  void *visible = dlsym(RTLD_NEXT, "malloc");
  void *versioned = HEAPSTER__NEXT_VERSIONED("malloc");
  is_next_hidden = versioned != visible && heapster__is_loaded_before(versioned, visible);
  return is_next_hidden ? versioned : visible;
}

static void look_up(void *function, const char *name) {
  void *found = is_next_hidden ? HEAPSTER__NEXT_VERSIONED(name) : dlsym(RTLD_NEXT, name);
  if (!is_of_next(found)) found = NULL;
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

/* glibc's functions by their own names, where the next allocator has none of these names and may be built on glibc's:
   called through the hook it would be called again, for ever. */
static struct heapster__malloc_family libc;

static void look_up_libc(void) {
  void *found = dlsym(RTLD_NEXT, "__libc_malloc");
  if (!found || base_of(found) == next_base) return;
#define X(name)                              \
  found = dlsym(RTLD_NEXT, "__libc_" #name); \
  memcpy(&libc.name, &found, sizeof found);
  HEAPSTER__FAMILY_FUNCTIONS(X)
#undef X
  heapster__preload.libc = libc;
}

static void look_up_all(void) {
  next_base = base_of(look_up_malloc());
#define X(name) look_up(&next.name, #name);
  HEAPSTER__FAMILY_FUNCTIONS(X)
#undef X
  look_up(&next_usable_size, "malloc_usable_size");
  fill_gaps();
  look_up_libc();
}

/* Whether the block was allocated with a public function, which the table still sends to the pool. */
static bool drop_probe(void *block, size_t used_before) {
  if (!is_pooled(block)) next.free(block);
  return pool.used != used_before;
}

/* musl's calloc and aligned functions call the public malloc. */
static bool calloc_comes_back(void) {
  const size_t used = pool.used;
  return drop_probe(next.calloc(1, UNIT), used);
}

/* Electric Fence's malloc calls the public memalign; a simple realloc calls the public malloc and free. The free of the
   probe's old block is lost then. */
static bool malloc_comes_back(void) {
  const size_t used = pool.used;
  void *block = next.malloc(UNIT);
  void *fresh = block && !is_pooled(block) ? next.realloc(block, (size_t)4 * UNIT) : NULL;
  return drop_probe(fresh ? fresh : block, used);
}

static enum heapster__mode mode_of_process(void) {
  const char *preloaded = secure_getenv("LD_PRELOAD");
  return preloaded && strstr(preloaded, "libheapster_malloc") ? HEAPSTER__MODE_PRELOAD : HEAPSTER__MODE_LINK;
}

static const char *problem_of_process(void) {
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

#define X(name) heapster__counted_##name,
static void switch_to_counted(void) {
  static const struct heapster__malloc_family counted = {HEAPSTER__FAMILY_FUNCTIONS(X)};
  heapster__preload = (struct heapster__preload_table){
      .family = counted,
      .libc = libc.malloc ? libc : counted,
      .objects = {heapster__counted_new, heapster__counted_aligned_new, heapster__tried_malloc,
                  heapster__tried_memalign, heapster__refuse_new, heapster__pass_new_on, heapster__pass_aligned_new_on,
                  heapster__counted_free},
      .reallocarray = heapster__counted_reallocarray,
      .usable_size = usable_size,
      .is_next_object = is_of_next,
  };
}
#undef X

static void count_no_refusal(void) {}

static void *pass_on(heapster__new_nothrow *form, size_t size, const void *nothrow) { return form(size, nothrow); }

static void *pass_on_aligned(heapster__new_aligned_nothrow *form, size_t size, size_t alignment, const void *nothrow) {
  return form(size, alignment, nothrow);
}

/* The operators new that throw, over a malloc and a memalign. */
#define CREATE_BY(way, malloc, memalign)                                                         \
  static void *way##_create(size_t size) { HEAPSTER__NEW_OR_THROW(malloc(size), malloc(size)); } \
  static void *way##_create_aligned(size_t size, size_t alignment) {                             \
    HEAPSTER__NEW_OR_THROW(memalign(alignment, size), memalign(alignment, size));                \
  }
CREATE_BY(next, next.malloc, next.memalign)

#define UNCOUNTED(way, malloc, memalign, free) \
  { way##_create, way##_create_aligned, malloc, memalign, count_no_refusal, pass_on, pass_on_aligned, free }

static void passthrough_free(void *block) {
  if (!is_pooled(block)) next.free(block);
}

static void *passthrough_realloc(void *block, size_t size) {
  return is_pooled(block) ? copy_from_pool(next.malloc(size), block, size) : next.realloc(block, size);
}

static void *passthrough_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (!__builtin_mul_overflow(count, size, &bytes)) return passthrough_realloc(block, bytes);
  errno = ENOMEM;
  return NULL;
}

static void switch_to_next(void) {
  struct heapster__malloc_family family = next;
  family.free = passthrough_free;
  family.realloc = passthrough_realloc;
  heapster__preload = (struct heapster__preload_table){
      .family = family,
      .libc = libc.malloc ? libc : family,
      .objects = UNCOUNTED(next, next.malloc, next.memalign, passthrough_free),
      .reallocarray = passthrough_reallocarray,
      .usable_size = usable_size,
      .is_next_object = is_of_next,
  };
}

static bool has_begun;

/* Looks the next allocator up and switches the table. False inside the look-up itself: use the pool. */
static bool ensure_started(void) {
  if (has_begun) return false;
  has_begun = true;
  look_up_all();
  struct heapster__malloc_hook hook = {.next = next,
                                       .mode = mode_of_process(),
                                       .problem = problem_of_process(),
                                       .library = &pool,
                                       .next_library = next_base,
                                       .find_bootstrap_block = find_pool_block};
  if (!hook.problem) {
    hook.comes_back = calloc_comes_back();
    hook.malloc_comes_back = malloc_comes_back();
  }
  if (heapster__malloc_start(&hook))
    switch_to_counted();
  else
    switch_to_next();
  const unsigned sites = hook.problem ? 0 : heapster__sites_to_report();
  if (sites) heapster__explain_process(sites); /* before the first request, so that all are explained */
  if (!hook.problem) heapster__watch_large_process(heapster__large_to_say());
  return true;
}

#define BOOTSTRAP(name, parameters, alignment, ...)                                                             \
  static void *bootstrap_##name parameters {                                                                    \
    return ensure_started() ? heapster__preload.family.name(__VA_ARGS__) : allocate_from_pool(alignment, size); \
  }
BOOTSTRAP(malloc, (size_t size), UNIT, size)
BOOTSTRAP(aligned_alloc, (size_t alignment, size_t size), alignment, alignment, size)
BOOTSTRAP(memalign, (size_t alignment, size_t size), alignment, alignment, size)
BOOTSTRAP(valloc, (size_t size), PAGE, size)
BOOTSTRAP(pvalloc, (size_t size), PAGE, size)

static void *bootstrap_calloc(size_t count, size_t size) {
  size_t bytes;
  if (ensure_started()) return heapster__preload.family.calloc(count, size);
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : allocate_from_pool(UNIT, bytes);
}

static void *bootstrap_realloc(void *block, size_t size) {
  if (ensure_started()) return heapster__preload.family.realloc(block, size);
  void *fresh = allocate_from_pool(UNIT, size);
  return is_pooled(block) ? copy_from_pool(fresh, block, size) : fresh;
}

static void bootstrap_free(void *block) {
  if (block && ensure_started()) heapster__preload.family.free(block);
}

static int bootstrap_posix_memalign(void **block, size_t alignment, size_t size) {
  if (ensure_started()) return heapster__preload.family.posix_memalign(block, alignment, size);
  void *made = allocate_from_pool(alignment, size);
  if (!made) return ENOMEM;
  *block = made;
  return 0;
}

static void *bootstrap_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return passthrough_reallocarray(block, count, size);
  return bootstrap_realloc(block, bytes);
}

static size_t bootstrap_usable_size(void *block) { return ensure_started() ? usable_size(block) : pooled_size(block); }

/* The first operator new of a process is counted, like the first malloc. */
static void *bootstrap_create(size_t size) {
  if (ensure_started()) return heapster__preload.objects.create(size);
  HEAPSTER__NEW_OR_THROW(bootstrap_malloc(size), bootstrap_malloc(size));
}

static void *bootstrap_create_aligned(size_t size, size_t alignment) {
  if (ensure_started()) return heapster__preload.objects.create_aligned(size, alignment);
  HEAPSTER__NEW_OR_THROW(bootstrap_memalign(alignment, size), bootstrap_memalign(alignment, size));
}

#define X(name) bootstrap_##name,
struct heapster__preload_table heapster__preload = {
    .family = {HEAPSTER__FAMILY_FUNCTIONS(X)},
    .libc = {HEAPSTER__FAMILY_FUNCTIONS(X)},
    .objects = UNCOUNTED(bootstrap, bootstrap_malloc, bootstrap_memalign, bootstrap_free),
    .is_next_object = is_of_next,
    .reallocarray = bootstrap_reallocarray,
    .usable_size = bootstrap_usable_size,
};
#undef X

/* aligned_alloc may insist on a size that is a multiple of the alignment. */
static void *public_memalign(size_t alignment, size_t size) {
  size_t excess = size & (alignment - 1);
  return aligned_alloc(alignment, excess && size <= SIZE_MAX - alignment ? size + alignment - excess : size);
}

static void public_free(void *block) {
  if (!is_pooled(block)) free(block);
}

CREATE_BY(public, malloc, public_memalign)

/* An allocator in front of the hook may lack some operators. Those that come here request from its malloc, as the C++
   library's would. C functions that it lacks are the next allocator's, as without the hook. */
static void switch_to_front(void) {
  switch_to_next();
  heapster__preload.objects = (struct heapster__object_family)UNCOUNTED(public, malloc, public_memalign, public_free);
}

/* Counts from here on in a program that allocates nothing before its first fork or thread. All libraries are loaded and
   bound by now, so the probe tells whether requests reach the hook. */
__attribute__((constructor)) static void start(void) {
  ensure_started();
  if (heapster__malloc_prove() == HEAPSTER__PROBE_MISSED) {
    heapster__malloc_give_up(heapster__malloc_front(&pool));
    switch_to_front();
  } else {
    heapster__bypass_watch();
  }
}
