/* The registry of heaps. */
#include "heap/heap.h"

#include "base/instance.h"
#include "base/lock.h"
#include "value/sized.h"

#include <string.h>

/* A program that links heaps from the static library also gets this copy's ELF note and the fork handlers, to which no
   call leads. */
__attribute__((used)) static const void *const anchors[] = {heapster__anchor, &heapster__fork_anchor};

static struct {
  struct heapster_heap heaps[HEAPSTER__HEAP_NUMBERS];
  _Atomic unsigned last;
  unsigned open_count; /* heaps ever opened; under the lock */
} registry;

static struct {
  _Atomic bool exist;
  void (*_Atomic callback)(void);
} layers;

_Atomic bool heapster__has_malloc;

unsigned heapster__opened_heaps(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  return registry.open_count;
}

unsigned heapster__last_heap(void) { return heapster__load_acquire(&registry.last); }

struct heapster_heap *heapster__heap_at(unsigned number) {
  struct heapster_heap *heap = &registry.heaps[number];
  return heapster__load_acquire(&heap->is_open) ? heap : NULL; /* pairs with the release in publish_heap */
}

bool heapster__has_layers(void) { return heapster__load_seq_cst(&layers.exist); }

void heapster__at_layers(void (*callback)(void)) { heapster__store_seq_cst(&layers.callback, callback); }

/* A caller of heapster__at_layers that asks has_layers afterwards finds a layer there or is called back: each side
   writes before it reads, in one order for all threads. */
static void announce_layer(void) {
  heapster__store_seq_cst(&layers.exist, true);
  void (*callback)(void) = heapster__load_seq_cst(&layers.callback);
  if (callback) callback();
}

/* A signal handler may open `malloc` in the middle of this: see heapster__malloc_start. `last` is right all the same,
   because no number is lower than malloc's. */
static void publish_heap(struct heapster_heap *heap, const char *name) {
  memcpy(heap->name, name, strlen(name) + 1);
  heapster__store_release(&heap->is_open, true);
  registry.open_count++;
  if (heap->number != HEAPSTER__PYTHON) announce_layer();
  if (heap->number == HEAPSTER__MALLOC) heapster__store_relaxed(&heapster__has_malloc, true);
  if (heap->number > heapster__load_relaxed(&registry.last)) heapster__store_release(&registry.last, heap->number);
}

struct heapster_heap *heapster__heap_open_locked(unsigned number, const char *name) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster_heap *heap = &registry.heaps[number];
  if (heapster__heap_at(number)) return heap;
  if (!heapster__counters_open(number)) return NULL;
  heap->number = number;
  heap->map = &heapster__main_map;
  heap->backing = heapster_allocator_system();
  publish_heap(heap, name);
  return heap;
}

struct heapster_heap *heapster__heap_open(unsigned number, const char *name) {
  heapster__lock();
  struct heapster_heap *heap = heapster__heap_open_locked(number, name);
  heapster__unlock();
  return heap;
}

void heapster__heap_close(unsigned number) {
  heapster__lock();
  heapster__store_release(&registry.heaps[number].is_open, false);
  heapster__unlock();
}

static bool is_valid_name(const char *name) {
  static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
  const size_t length = name ? strspn(name, characters) : 0;
  return length && length < HEAPSTER_HEAP_NAME && !name[length];
}

/* The hooks' heaps keep their names, hooked or not; so do the heaps of further Lua states. */
static bool is_reserved(const char *name) {
  return !strcmp(name, "malloc") || !strcmp(name, "python") || !strcmp(name, "lua") || !strncmp(name, "lua:", 4);
}

enum heapster_error heapster__heap_check_name(const char *name) {
  if (!is_valid_name(name)) return HEAPSTER_BAD_NAME;
  return is_reserved(name) ? HEAPSTER_NAME_TAKEN : HEAPSTER_OK;
}

enum heapster_error heapster__heap_make(const char *name, const struct heapster_allocator *backing,
                                        struct heapster__map *map, struct heapster_heap **made) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (heapster_heap_find(name)) return HEAPSTER_NAME_TAKEN;
  unsigned last = heapster__last_heap();
  unsigned number = last < HEAPSTER__FIRST_HOST_HEAP ? HEAPSTER__FIRST_HOST_HEAP : last + 1;
  if (number > HEAPSTER_HEAPS) return HEAPSTER_TOO_MANY_HEAPS;
  struct heapster_heap *heap = &registry.heaps[number];
  if (!heapster__counters_open(number)) return HEAPSTER_NO_MEMORY;
  if (!map) map = heapster__shadow_create();
  if (!map) return HEAPSTER_NO_MEMORY;
  heap->map = map; /* only once nothing can fail: the next heap of this number may be over another allocator */
  heap->number = number;
  if (backing) heap->own = *backing;
  heap->backing = backing ? &heap->own : heapster_allocator_system();
  publish_heap(heap, name);
  *made = heap;
  return HEAPSTER_OK;
}

static bool is_same_allocator(const struct heapster_allocator *one, const struct heapster_allocator *other) {
  return one->malloc == other->malloc && one->calloc == other->calloc && one->realloc == other->realloc &&
         one->free == other->free && one->aligned_alloc == other->aligned_alloc && one->context == other->context;
}

/* The map of the heaps over an equal allocator, whose blocks may come back through any of them; NULL if there is none.
   NULL stands for the system's allocator. Callers hold the lock. */
static struct heapster__map *find_map_over(const struct heapster_allocator *backing) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (!backing) return &heapster__main_map;
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); heap; heap = heapster_heap_next(heap)) {
    if (heap->backing == &heap->own && is_same_allocator(&heap->own, backing)) return heap->map;
  }
  return NULL;
}

enum heapster_error heapster_heap_create_sized(const char *name, const struct heapster_allocator *backing, size_t size,
                                               struct heapster_heap **heap) {
  struct heapster_allocator copy;
  if (!heap) return HEAPSTER_BAD_ARGUMENT;
  *heap = NULL;
  enum heapster_error error = heapster__heap_check_name(name);
  if (backing == heapster_allocator_system()) backing = NULL;
  if (!error && backing) {
    /* functions that the host does not know are NULL, as is one of which it has a part */
    heapster__copy_sized(&copy, sizeof copy, backing, size - size % sizeof copy.malloc);
    if (!copy.malloc || !copy.free) error = HEAPSTER_BAD_ALLOCATOR;
  }
  if (error) return error;
  if (backing && is_same_allocator(&copy, heapster_allocator_system())) backing = NULL;
  heapster__lock();
  backing = backing ? &copy : NULL;
  error = heapster__heap_make(name, backing, find_map_over(backing), heap);
  heapster__unlock();
  return error;
}

struct heapster_heap *heapster_heap_next(const struct heapster_heap *heap) {
  unsigned last = heapster__last_heap();
  for (unsigned number = heap ? heap->number + 1 : 1; number <= last; number++) {
    struct heapster_heap *next = heapster__heap_at(number);
    if (next) return next;
  }
  return NULL;
}

struct heapster_heap *heapster_heap_find(const char *name) {
  struct heapster_heap *heap = NULL;
  while (name && (heap = heapster_heap_next(heap))) {
    if (!strcmp(heap->name, name)) return heap;
  }
  return NULL;
}

const char *heapster_heap_name(const struct heapster_heap *heap) { return heap ? heap->name : "total"; }
