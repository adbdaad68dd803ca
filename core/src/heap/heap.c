/* The registry of heaps. */
#include "heap/heap.h"

#include "base/instance.h"
#include "base/lock.h"
#include "heap/baseline.h"
#include "heap/ending.h"
#include "heap/origin.h"
#include "heap/peak.h"
#include "value/sized.h"

#include <string.h>

/* A program that links heaps from the static library also gets this copy's ELF note and the fork handlers, to which no
   call leads. */
__attribute__((used)) static const void *const anchors[] = {heapster__anchor, &heapster__fork_anchor};

static struct {
  struct heapster_heap heaps[HEAPSTER__HEAP_NUMBERS];
  _Atomic unsigned last; /* but for `ended` */
  unsigned open_count;   /* heaps ever opened; under the lock */
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

struct heapster_heap *heapster__heap_slot(unsigned number) {
  return &registry.heaps[number];
}

uint64_t heapster__heap_serial(const struct heapster_heap *heap) { return heapster__load_acquire(&heap->serial); }

/* A heap that has ended may hand its name on meanwhile. */
static void write_name(struct heapster_heap *heap, const char *name) {
  for (size_t i = 0; i < HEAPSTER_HEAP_NAME; i++) {
    heapster__store_relaxed(&heap->name[i], *name);
    if (*name) name++;
  }
}

void heapster__heap_copy_name(const struct heapster_heap *heap, char name[HEAPSTER_HEAP_NAME]) {
  for (size_t i = 0; i < HEAPSTER_HEAP_NAME; i++) name[i] = heapster__load_relaxed(&heap->name[i]);
  heapster__fence_acquire(); /* before the serial is read again */
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
  heap->state = HEAPSTER__HEAP_IN_USE;
  heapster__store_relaxed(&heap->serial, ++registry.open_count);
  heapster__fence_release(); /* pairs with the fence in copy_name: a reader of the new name sees the new serial */
  write_name(heap, name);
  heapster__store_release(&heap->is_open, true);
  if (heap->number == HEAPSTER__ENDED) return;
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

/* The hooks' heaps keep their names, hooked or not; so do the heaps of further Lua states, and that of ended heaps. */
static bool is_reserved(const char *name) {
  static const char *const names[] = {"malloc", "python", "lua", "ended"};
  bool is_kept = !strncmp(name, "lua:", 4);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) is_kept = is_kept || !strcmp(name, names[i]);
  return is_kept;
}

enum heapster_error heapster__heap_check_name(const char *name) {
  if (!is_valid_name(name)) return HEAPSTER_BAD_NAME;
  return is_reserved(name) ? HEAPSTER_NAME_TAKEN : HEAPSTER_OK;
}

/* Requests of `ended`, whose handle is a heap's like any other: it has no blocks, and passes on those of others. */
static void *refuse_malloc(void *context, size_t size) {
  (void)context, (void)size;
  return NULL;
}

static void *refuse_realloc(void *context, void *block, size_t size) {
  (void)context, (void)block, (void)size;
  return NULL;
}

static void pass_free_on(void *context, void *block) {
  (void)context;
  heapster_allocator_system()->free(heapster_allocator_system()->context, block);
}

bool heapster__heap_open_ended(void) {
  static const struct heapster_allocator none = {
      .malloc = refuse_malloc, .realloc = refuse_realloc, .free = pass_free_on};
  struct heapster_heap *const heap = &registry.heaps[HEAPSTER__ENDED];
  if (heapster__heap_at(HEAPSTER__ENDED)) return true;
  if (!heapster__counters_open(HEAPSTER__ENDED)) return false;
  heap->number = HEAPSTER__ENDED;
  heap->map = &heapster__main_map;
  heap->backing = &none;
  publish_heap(heap, "ended");
  return true;
}

/* Two numbers are kept for malloc and python, and `ended` is one of the heaps that callers have room for. */
static bool is_full(void) {
  unsigned count = HEAPSTER__FIRST_HOST_HEAP - 1 + (heapster__heap_at(HEAPSTER__ENDED) != NULL);
  for (unsigned number = HEAPSTER__FIRST_HOST_HEAP; number <= heapster__last_heap(); number++)
    count += heapster__heap_at(number) != NULL;
  return count >= HEAPSTER_HEAPS;
}

/* A number for a new heap; 0: there is none. One that was used before, if there is one: it has pages of memory, and
   segments of the shadow map. */
static unsigned find_number(void) {
  if (is_full()) return 0;
  const unsigned retired = heapster__find_retired_heap();
  const unsigned last = heapster__last_heap();
  if (retired) return retired;
  if (last < HEAPSTER__FIRST_HOST_HEAP) return HEAPSTER__FIRST_HOST_HEAP;
  return last < HEAPSTER_HEAPS ? last + 1 : 0;
}

/* The heap counts from here on. */
static void begin_again(struct heapster_heap *heap) {
  struct heapster__totals raw = {0};
  heapster__sum_heap(&raw, heap->number);
  heapster__store_relaxed(&heap->birth_order, heapster__origin_now());
  heapster__use_max_restart(heap->number, 0);
  heapster__baseline_begin(heap->number, &raw);
}

/* Opens a heap with that number, in that map; a backing of NULL is the system's allocator. Nothing can fail any more:
   the next heap of a number may be over another allocator. */
static struct heapster_heap *open_heap(unsigned number, const char *name, const struct heapster_allocator *backing,
                                       struct heapster__map *map) {
  struct heapster_heap *const heap = &registry.heaps[number];
  heap->map = map;
  heap->has_spare = false;
  if (heap->state == HEAPSTER__HEAP_NEW) heap->number = number; /* a reader of an ended heap may look at it */
  heap->is_hosts = false;
  if (backing) heap->own = *backing;
  heap->backing = backing ? &heap->own : heapster_allocator_system();
  if (heap->state == HEAPSTER__HEAP_RETIRED) begin_again(heap);
  publish_heap(heap, name);
  return heap;
}

/* `by_kind`: of a Lua state. */
static enum heapster_error make_heap(const char *name, const struct heapster_allocator *backing,
                                     struct heapster__map *map, bool by_kind, struct heapster_heap **made) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (heapster_heap_find(name)) return HEAPSTER_NAME_TAKEN;
  const unsigned number = find_number();
  if (!number) return HEAPSTER_TOO_MANY_HEAPS;
  if (!heapster__counters_open(number)) return HEAPSTER_NO_MEMORY;
  if (!map) map = heapster__take_spare_map(number);
  if (!map) map = heapster__shadow_create();
  if (!map) return HEAPSTER_NO_MEMORY;
  if (by_kind) heapster__counters_have_kinds(number);
  *made = open_heap(number, name, backing, map);
  return HEAPSTER_OK;
}

enum heapster_error heapster__heap_make(const char *name, struct heapster__map *map, struct heapster_heap **made) {
  return make_heap(name, NULL, map, true, made);
}

static bool is_same_allocator(const struct heapster_allocator *one, const struct heapster_allocator *other) {
  return one->malloc == other->malloc && one->calloc == other->calloc && one->realloc == other->realloc &&
         one->free == other->free && one->aligned_alloc == other->aligned_alloc && one->context == other->context;
}

/* The map of the heaps over an equal allocator, whose blocks may come back through any of them, ended ones with live
   blocks too; NULL if there is none. NULL stands for the system's allocator. Callers hold the lock. */
static struct heapster__map *find_map_over(const struct heapster_allocator *backing) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (!backing) return &heapster__main_map;
  for (unsigned number = HEAPSTER__FIRST_HOST_HEAP; number <= heapster__last_heap(); number++) {
    const struct heapster_heap *const heap = &registry.heaps[number];
    const bool has_blocks = heap->state == HEAPSTER__HEAP_IN_USE || heap->state == HEAPSTER__HEAP_ENDING;
    if (has_blocks && heap->backing == &heap->own && is_same_allocator(&heap->own, backing)) return heap->map;
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
  error = make_heap(name, backing, find_map_over(backing), false, heap);
  if (!error) (*heap)->is_hosts = true;
  heapster__unlock();
  return error;
}

struct heapster_heap *heapster_heap_next(const struct heapster_heap *heap) {
  unsigned last = heapster__last_heap();
  for (unsigned number = heap ? heap->number + 1 : 1; number <= last; number++) {
    struct heapster_heap *next = heapster__heap_at(number);
    if (next) return next;
  }
  return heap && heap->number == HEAPSTER__ENDED ? NULL : heapster__heap_at(HEAPSTER__ENDED);
}

static bool has_name(const struct heapster_heap *heap, const char *name) {
  size_t i = 0;
  char character;
  do character = heapster__load_relaxed(&heap->name[i]);
  while (character == name[i++] && character);
  return !character && !name[i - 1];
}

struct heapster_heap *heapster_heap_find(const char *name) {
  struct heapster_heap *heap = NULL;
  while (name && (heap = heapster_heap_next(heap))) {
    if (has_name(heap, name)) return heap;
  }
  return NULL;
}

const char *heapster_heap_name(const struct heapster_heap *heap) { return heap ? (const char *)heap->name : "total"; }
