/* Explaining: one at a time; its begin, and what is done with each request. */
#include "explain/state.h"

#include "base/lock.h"
#include "count/guard.h"
#include "heap/heap.h"
#include "heap/snapshot.h"

#include <errno.h>
#include <unistd.h>

_Static_assert((int)HEAPSTER__SITE_C == HEAPSTER_SITE_C && (int)HEAPSTER__SITE_PYTHON == HEAPSTER_SITE_PYTHON &&
                   (int)HEAPSTER__SITE_LUA == HEAPSTER_SITE_LUA,
               "kinds are the same numbers inside and outside");

/* A thread may be late with a request of an arming that is over. It finds the table of that one, not of the next: they
   take turns, and are so many because the system may stop a thread for longer than some explanations take. */
enum { TABLES = 8 };
static struct heapster__site_table *_Atomic tables[TABLES];

struct heapster__explaining heapster__explaining;

HEAPSTER__INLINE bool is_asked_for(const struct heapster__attribution *to) {
  const unsigned heap = heapster__load_relaxed(&heapster__explaining.heap);
  const struct heapster__thread *thread = heapster__load_relaxed(&heapster__explaining.thread);
  if (heap && heap != to->heap) return false;
  return !thread || (thread == to->thread && heapster__load_relaxed(&heapster__explaining.generation) ==
                                                 heapster__load_relaxed(&to->thread->generation));
}

static struct heapster__site_table *table_of(uint32_t arming) {
  return heapster__load_acquire(&tables[arming % TABLES]);
}

struct heapster__site_table *heapster__explained_table(void) {
  return table_of(heapster__load_relaxed(&heapster__explaining.arming));
}

/* The number of a site that is not at its first place in the index. */
static unsigned make_site(const struct heapster__site *site, struct heapster__site_table *table) {
  bool is_new;
  const unsigned number = heapster__site_find(table, site, &is_new);
  void (*keep)(uintptr_t) = heapster__load_relaxed(&heapster__explaining.keep[site->kind]);
  if (is_new && keep) keep(site->place);
  return number;
}

HEAPSTER__INLINE uint16_t add_alloc(struct heapster__site_table *table, unsigned number, uint64_t size) {
  heapster__site_add_alloc(&table->sites[number], size);
  return heapster__site_cell(table, number);
}

/* The slow half, so that the fast one saves no register. */
static __attribute__((noinline)) uint16_t attribute_alloc_slow(const struct heapster__attribution *to, uint64_t size) {
  struct heapster__site_table *table = table_of(to->arming);
  return add_alloc(table, make_site(&to->site, table), size);
}

static uint16_t attribute_alloc(const struct heapster__attribution *to, uint64_t size) {
  if (heapster__unlikely(!is_asked_for(to))) return 0;
  struct heapster__site_table *table = table_of(to->arming);
  const unsigned number = heapster__site_find_fast(table, &to->site);
  return heapster__likely(number != HEAPSTER__SITE_ELSEWHERE) ? add_alloc(table, number, size)
                                                              : attribute_alloc_slow(to, size);
}

static __attribute__((noinline)) void attribute_resize_slow(const struct heapster__attribution *to,
                                                            const struct heapster__resize *resize) {
  struct heapster__site_table *table = table_of(to->arming);
  heapster__site_add_resize(&table->sites[make_site(&to->site, table)], resize);
}

static void attribute_resize(const struct heapster__attribution *to, const struct heapster__resize *resize) {
  if (heapster__unlikely(!is_asked_for(to)) || (resize->to <= resize->from && !resize->is_moved)) return;
  struct heapster__site_table *table = table_of(to->arming);
  const unsigned number = heapster__site_find_fast(table, &to->site);
  if (heapster__likely(number != HEAPSTER__SITE_ELSEWHERE))
    heapster__site_add_resize(&table->sites[number], resize);
  else
    attribute_resize_slow(to, resize);
}

static const struct heapster__attributor attributor = {attribute_alloc, attribute_resize};

void heapster__explain_keep(enum heapster__site_kind kind, void (*keep)(uintptr_t place)) {
  heapster__store_relaxed(&heapster__explaining.keep[kind], keep);
}

static struct heapster__site (*_Atomic finder)(const void *caller);

/* At the site that is better known than by the hook of a call in C. */
static struct heapster__attribution find_better(const struct heapster__attribution *to) {
  struct heapster__attribution better = *to;
  if (is_asked_for(to)) better.site = heapster__load_relaxed(&finder)((const void *)to->site.place);
  return better;
}

static __attribute__((noinline)) uint16_t attribute_call_alloc(const struct heapster__attribution *to, uint64_t size) {
  const struct heapster__attribution better = find_better(to);
  return attribute_alloc(&better, size);
}

static uint16_t attribute_found_alloc(const struct heapster__attribution *to, uint64_t size) {
  return heapster__likely(to->site.kind != HEAPSTER__SITE_C) ? attribute_alloc(to, size)
                                                             : attribute_call_alloc(to, size);
}

static __attribute__((noinline)) void attribute_call_resize(const struct heapster__attribution *to,
                                                            const struct heapster__resize *resize) {
  const struct heapster__attribution better = find_better(to);
  attribute_resize(&better, resize);
}

static void attribute_found_resize(const struct heapster__attribution *to, const struct heapster__resize *resize) {
  if (heapster__likely(to->site.kind != HEAPSTER__SITE_C))
    attribute_resize(to, resize);
  else
    attribute_call_resize(to, resize);
}

static const struct heapster__attributor finding_attributor = {attribute_found_alloc, attribute_found_resize};

void heapster__explain_calls(struct heapster__site (*better)(const void *caller)) {
  if (better) heapster__store_relaxed(&finder, better);
  heapster__store_release(&heapster__attributor, better ? &finding_attributor : &attributor);
}

static bool ensure_table(uint32_t arming) {
  if (table_of(arming)) return true;
  struct heapster__site_table *const made = heapster__pages_map(sizeof *made);
  heapster__store_release(&tables[arming % TABLES], made);
  return made;
}

void heapster__visit_maps(void (*visit)(struct heapster__map *map, void *context), void *context) {
  visit(&heapster__main_map, context);
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); heap; heap = heapster_heap_next(heap)) {
    const struct heapster_heap *first = heapster_heap_next(NULL);
    while (first->map != heap->map) first = heapster_heap_next(first);
    if (heap->map != &heapster__main_map && first == heap) visit(heap->map, context);
  }
}

static void clear_map(struct heapster__map *map, void *unused) {
  (void)unused;
  heapster__sites_clear(map);
}

static enum heapster_error begin(unsigned heap, const struct heapster__thread *only,
                                 const struct heapster__thread *armer) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (heapster__is_armed()) return HEAPSTER_ALREADY_EXPLAINING;
  const uint32_t arming = heapster__next_arming();
  if (!ensure_table(arming)) return HEAPSTER_NO_MEMORY;
  heapster__site_table_clear(table_of(arming), arming);
  heapster__visit_maps(clear_map, NULL);
  heapster__store_relaxed(&heapster__explaining.heap, heap);
  heapster__store_relaxed(&heapster__explaining.thread, only);
  heapster__store_relaxed(&heapster__explaining.generation, only ? heapster__load_relaxed(&only->generation) : 0);
  heapster__store_relaxed(&heapster__explaining.arming, heapster__arm(&attributor, armer));
  return HEAPSTER_OK;
}

enum heapster_error heapster_explain_begin(const struct heapster_heap *heap, enum heapster_scope scope) {
  if (scope != HEAPSTER_PROCESS && scope != HEAPSTER_THREAD) return HEAPSTER_BAD_ARGUMENT;
  if (!HEAPSTER__HAS_THREAD_RECORDS) return HEAPSTER_UNSUPPORTED;
  const struct heapster__thread *thread = heapster__thread_claim();
  if (!thread) return HEAPSTER_NO_THREAD_COUNTERS;
  heapster__rescan();
  heapster__lock();
  const enum heapster_error error =
      begin(heap ? heap->number : HEAPSTER__TOTAL, scope == HEAPSTER_THREAD ? thread : NULL, thread);
  heapster__unlock();
  return error;
}

/* The loader knows the program by no name. At the end it may be too late to ask. */
static char program[256];

void heapster__explain_note_program(void) {
  if (program[0]) return;
  const int error = errno;
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  program[length > 0 && length < (ssize_t)sizeof program - 1 ? length : 0] = '\0';
  errno = error;
}

const char *heapster__explain_program(void) { return program; }

enum heapster_error heapster__explain_process(unsigned limit) {
  if (!HEAPSTER__HAS_THREAD_RECORDS) return HEAPSTER_UNSUPPORTED;
  if (!limit) return HEAPSTER_BAD_ARGUMENT;
  if (heapster__is_locked_here()) return HEAPSTER_UNSUPPORTED; /* in a signal handler: see heapster__malloc_start */
  heapster__explain_note_program();
  heapster__lock();
  const enum heapster_error error = begin(HEAPSTER__TOTAL, NULL, NULL);
  if (!error)
    heapster__store_relaxed(&heapster__explaining.limit,
                            limit < HEAPSTER__REPORTED_SITES ? limit : HEAPSTER__REPORTED_SITES);
  heapster__unlock();
  return error;
}

/* In the middle of a hook, which looks for the site of its request. */
static struct heapster__site unwind_site(const void *caller) {
  uintptr_t frames[HEAPSTER__STACK_FRAMES];
  const unsigned depth = heapster__load_relaxed(&heapster__explaining.depth);
  const unsigned count = heapster__unwind(caller, frames, depth - 1);
  const uint32_t stack = count ? heapster__stack_find(caller, frames, count) : 0;
  return (struct heapster__site){(uintptr_t)caller, stack, HEAPSTER__SITE_C};
}

static void prepare_unwinder(void) {
  heapster__store_relaxed(&heapster__explaining.unwinder, (unsigned)heapster__unwinder_prepare());
}

void heapster__explain_depth(unsigned depth) {
  if (depth < 2 || depth > HEAPSTER__DEPTH || !heapster__load_relaxed(&heapster__explaining.limit)) return;
  const int error = errno;
  heapster__store_relaxed(&heapster__explaining.unwinder, (unsigned)HEAPSTER__UNWINDER_NOT_PREPARED);
  heapster__store_relaxed(&heapster__explaining.depth, depth);
  if (heapster__stacks_make()) heapster__call_uncounted(prepare_unwinder);
  if (heapster__load_relaxed(&heapster__explaining.unwinder) == HEAPSTER__UNWINDS) {
    heapster__store_relaxed(&heapster__lasting_site_finder, unwind_site);
    heapster__store_release(&heapster__site_finder, unwind_site);
  }
  errno = error;
}

bool heapster_is_explaining(void) { return heapster__is_armed(); }
