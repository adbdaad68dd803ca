/* Explaining: one at a time, from its begin to its end; the sites as plain values. */
#include "explain/explain.h"

#include "base/lock.h"
#include "explain/site_table.h"
#include "heap/heap.h"
#include "heap/snapshot.h"
#include "value/sized.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

enum { KINDS = HEAPSTER_SITE_LUA + 1 };
_Static_assert((int)HEAPSTER__SITE_C == HEAPSTER_SITE_C && (int)HEAPSTER__SITE_PYTHON == HEAPSTER_SITE_PYTHON &&
                   (int)HEAPSTER__SITE_LUA == HEAPSTER_SITE_LUA,
               "kinds are the same numbers inside and outside");

/* A thread may be late with a request of an arming that is over. It finds the table of that one, not of the next. */
static struct heapster__site_table *_Atomic tables[2];

static struct {
  /* What is explained. Read by the attributor. */
  _Atomic unsigned heap;                         /* 0: all */
  const struct heapster__thread *_Atomic thread; /* NULL: all */
  _Atomic uint32_t generation;                   /* of the thread's record */
  void (*_Atomic keep[KINDS])(uintptr_t place);
  uint32_t arming; /* under the lock */
} explaining;

static bool is_asked_for(const struct heapster__attribution *to) {
  const unsigned heap = heapster__load_relaxed(&explaining.heap);
  const struct heapster__thread *thread = heapster__load_relaxed(&explaining.thread);
  if (heap && heap != to->heap) return false;
  return !thread || (thread == to->thread &&
                     heapster__load_relaxed(&explaining.generation) == heapster__load_relaxed(&to->thread->generation));
}

static struct heapster__site_table *table_of(uint32_t arming) { return heapster__load_acquire(&tables[arming % 2]); }

static __attribute__((noinline)) unsigned make_site(const struct heapster__site *site,
                                                    struct heapster__site_table *table) {
  bool is_new;
  const unsigned number = heapster__site_find(table, site, &is_new);
  void (*keep)(uintptr_t) = heapster__load_relaxed(&explaining.keep[site->kind]);
  if (is_new && keep) keep(site->place);
  return number;
}

HEAPSTER__INLINE unsigned find_site(const struct heapster__site *site, struct heapster__site_table *table) {
  const unsigned number = heapster__site_find_fast(table, site);
  return heapster__likely(number != HEAPSTER__SITE_ELSEWHERE) ? number : make_site(site, table);
}

static uint16_t attribute_alloc(const struct heapster__attribution *to, uint64_t size) {
  if (heapster__unlikely(!is_asked_for(to))) return 0;
  struct heapster__site_table *table = table_of(to->arming);
  const unsigned number = find_site(&to->site, table);
  heapster__site_add_alloc(&table->sites[number], size);
  return (uint16_t)(number + 1);
}

static void attribute_resize(const struct heapster__attribution *to, struct heapster__resize resize) {
  if (!is_asked_for(to) || (resize.to <= resize.from && !resize.is_moved)) return;
  struct heapster__site_table *table = table_of(to->arming);
  heapster__site_add_resize(&table->sites[find_site(&to->site, table)], resize);
}

static const struct heapster__attributor attributor = {attribute_alloc, attribute_resize};

void heapster__explain_keep(enum heapster__site_kind kind, void (*keep)(uintptr_t place)) {
  heapster__store_relaxed(&explaining.keep[kind], keep);
}

static bool ensure_tables(void) {
  for (unsigned i = 0; i < 2; i++) {
    if (heapster__load_relaxed(&tables[i])) continue;
    struct heapster__site_table *made = heapster__pages_map(sizeof *made);
    if (!made) return false;
    heapster__store_release(&tables[i], made);
  }
  return true;
}

/* Calls for each shadow map once. */
static void visit_maps(void (*visit)(struct heapster__map *map, void *context), void *context) {
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
  if (!ensure_tables()) return HEAPSTER_NO_MEMORY;
  heapster__site_table_clear(table_of(heapster__next_arming()));
  visit_maps(clear_map, NULL);
  heapster__store_relaxed(&explaining.heap, heap);
  heapster__store_relaxed(&explaining.thread, only);
  heapster__store_relaxed(&explaining.generation, only ? heapster__load_relaxed(&only->generation) : 0);
  explaining.arming = heapster__arm(&attributor, armer);
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

enum heapster_error heapster__explain_process(void) {
  if (!HEAPSTER__HAS_THREAD_RECORDS) return HEAPSTER_UNSUPPORTED;
  heapster__lock();
  const enum heapster_error error = begin(HEAPSTER__TOTAL, NULL, NULL);
  heapster__unlock();
  return error;
}

bool heapster_is_explaining(void) { return heapster__is_armed(); }

/* All named sites of a table, and where they are by their numbers. */
struct taking {
  struct heapster_site *sites;
  size_t count;
  uint16_t index_of[HEAPSTER_SITES + 1]; /* plus 1; 0: not named */
};

static struct heapster_site read_entry(struct heapster__site_entry *entry, bool is_elsewhere) {
  struct heapster_site site = {.kind = HEAPSTER_SITE_ELSEWHERE};
  if (!is_elsewhere) {
    site.kind = (enum heapster_site_kind)entry->site.kind;
    site.place = entry->site.place;
    site.offset = entry->site.offset;
    site.line = site.kind == HEAPSTER_SITE_LUA ? entry->site.offset : 0;
  }
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) {
    site.alloc_histogram.buckets[i] = heapster__load_relaxed(&entry->alloc_histogram[i]);
    site.requests.alloc_count += site.alloc_histogram.buckets[i];
  }
  site.requests.alloc_sum = heapster__load_relaxed(&entry->alloc_sum);
  site.requests.realloc_growth_count = heapster__load_relaxed(&entry->realloc_growth_count);
  site.requests.realloc_growth_sum = heapster__load_relaxed(&entry->realloc_growth_sum);
  site.requests.realloc_move_count = heapster__load_relaxed(&entry->realloc_move_count);
  site.requests.realloc_move_sum = heapster__load_relaxed(&entry->realloc_move_sum);
  site.realloc_growth_buckets = heapster__load_relaxed(&entry->realloc_growth_buckets);
  return site;
}

static void read_sites(struct taking *to, struct heapster__site_table *table, unsigned used) {
  for (unsigned i = 0; i <= used; i++) {
    const unsigned number = i < used ? i : HEAPSTER__SITE_ELSEWHERE;
    if (!heapster__site_is_named(table, number)) continue;
    to->sites[to->count] = read_entry(&table->sites[number], number == HEAPSTER__SITE_ELSEWHERE);
    to->index_of[number] = (uint16_t)++to->count;
  }
}

static void count_live(void *context, uint16_t number, struct heapster__block block) {
  const struct taking *const to = context;
  const uint16_t index = number <= HEAPSTER_SITES + 1 ? to->index_of[number - 1] : 0;
  if (!index) return;
  to->sites[index - 1].live_count++;
  to->sites[index - 1].live_sum += block.size;
}

static void count_map(struct heapster__map *map, void *to) { heapster__sites_visit(map, count_live, to); }

#define REQUEST_FIGURES(X) \
  X(alloc_count)           \
  X(alloc_sum)             \
  X(realloc_growth_count)  \
  X(realloc_growth_sum)    \
  X(realloc_move_count)    \
  X(realloc_move_sum)

static void add_requests(struct heapster_requests *sum, const struct heapster_requests *part) {
#define X(name) sum->name += part->name;
  REQUEST_FIGURES(X)
#undef X
}

static void subtract_requests(struct heapster_requests *from, const struct heapster_requests *part) {
#define X(name) from->name = from->name > part->name ? from->name - part->name : 0;
  REQUEST_FIGURES(X)
#undef X
}

/* Whether the thread that is explained has ended. Another may have its record, with all it counted. */
static bool has_ended(const struct heapster__thread *thread) {
  return thread && heapster__load_relaxed(&thread->generation) != heapster__load_relaxed(&explaining.generation);
}

/* Threads without a record have no site: what they requested is elsewhere, which is the last of the sites. */
static void fill_explanation(struct heapster_explanation *explanation, struct taking *to) {
  const unsigned heap = heapster__load_relaxed(&explaining.heap);
  const struct heapster__thread *thread = heapster__load_relaxed(&explaining.thread);
  struct heapster_requests shared = {0};
  struct heapster_requests at_sites = {0};
  if (!thread) heapster__add_armed_shared(&shared, heap);
  add_requests(&to->sites[to->count - 1].requests, &shared);
  *explanation = (struct heapster_explanation){.scope = thread ? HEAPSTER_THREAD : HEAPSTER_PROCESS};
  heapster__add_armed(&explanation->counted, thread, heap);
  add_requests(&explanation->counted, &shared);
  for (size_t i = 0; i < to->count; i++) add_requests(&at_sites, &to->sites[i].requests);
  if (has_ended(thread)) explanation->counted = at_sites;
  explanation->under_way = explanation->counted;
  subtract_requests(&explanation->under_way, &at_sites);
  const struct heapster_site *last = &to->sites[to->count - 1];
  if (!last->requests.alloc_count && !last->requests.realloc_growth_count && !last->requests.realloc_move_count)
    to->count--;
  explanation->site_count = to->count;
}

static enum heapster_error check_end(void) {
  const struct heapster__thread *thread = heapster__load_relaxed(&explaining.thread);
  const struct heapster__thread *own = heapster__this_thread();
  if (!heapster__is_armed()) return HEAPSTER_NOT_EXPLAINING;
  return !thread || thread == own || has_ended(thread) ? HEAPSTER_OK : HEAPSTER_WRONG_THREAD;
}

enum { PAGE = 4096 };

static size_t pages_for(size_t count) { return (count * sizeof(struct heapster_site) + PAGE - 1) / PAGE * PAGE; }

static enum heapster_error take_locked(struct heapster_explanation *explanation, struct taking *to, size_t *room) {
  const enum heapster_error error = check_end();
  if (error) return error;
  heapster__disarm();
  struct heapster__site_table *table = table_of(explaining.arming);
  const unsigned used = heapster__site_count(table);
  *room = used + 1;
  to->sites = heapster__pages_map(pages_for(*room));
  if (!to->sites) return HEAPSTER_NO_MEMORY;
  read_sites(to, table, used);
  visit_maps(count_map, to);
  fill_explanation(explanation, to);
  return HEAPSTER_OK;
}

enum heapster_error heapster__explain_take(struct heapster_explanation *explanation, struct heapster_site **sites,
                                           size_t *count) {
  struct taking to = {NULL, 0, {0}};
  size_t room = 0;
  *sites = NULL;
  *count = 0;
  heapster__lock();
  const enum heapster_error error = take_locked(explanation, &to, &room);
  heapster__unlock();
  if (error) return error;
  /* numbers that name no site, and the last one if nothing is elsewhere, need none */
  heapster__pages_unmap((char *)to.sites + pages_for(to.count), pages_for(room) - pages_for(to.count));
  *sites = to.count ? to.sites : NULL;
  *count = to.count;
  return HEAPSTER_OK;
}

void heapster__explain_free(struct heapster_site *sites, size_t count) {
  if (sites) heapster__pages_unmap(sites, pages_for(count));
}

struct search {
  uintptr_t address;
  uintptr_t bias; /* what the loader added to the addresses in the file */
};

static int find_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct search *search = context;
  for (unsigned i = 0; i < info->dlpi_phnum; i++) {
    const uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    if (info->dlpi_phdr[i].p_type != PT_LOAD || search->address - begin >= info->dlpi_phdr[i].p_memsz) continue;
    search->bias = info->dlpi_addr;
    return 1;
  }
  return 0;
}

/* The address before the one that is returned to is in the call. */
void heapster__site_name(struct heapster_site *site) {
  if (site->kind != HEAPSTER_SITE_C) return;
  struct search search = {(uintptr_t)site->place - 1, 0};
  Dl_info object;
  if (!dladdr((const void *)search.address, &object)) return;
  site->function = object.dli_sname;
  site->file = object.dli_fname;
  if (dl_iterate_phdr(find_object, &search)) site->offset = search.address - search.bias;
}

/* Gives the first sites to the caller, and adds up the others. */
static void give_sites(struct heapster_site *from, size_t from_count, struct heapster_site *sites, size_t site_size,
                       size_t capacity, struct heapster_requests *others) {
  for (size_t i = 0; i < from_count; i++) {
    if (i < capacity) {
      heapster__site_name(&from[i]);
      heapster__copy_sized((char *)sites + i * site_size, site_size, &from[i], sizeof from[i]);
    } else {
      add_requests(others, &from[i].requests);
    }
  }
}

enum heapster_error heapster_explain_end_sized(struct heapster_explanation *explanation, size_t explanation_size,
                                               struct heapster_site *sites, size_t site_size, size_t capacity,
                                               size_t *count) {
  struct heapster_explanation own;
  struct heapster_site *taken;
  size_t taken_count;
  if (!sites && capacity) return HEAPSTER_BAD_ARGUMENT;
  const enum heapster_error error = heapster__explain_take(&own, &taken, &taken_count);
  if (error) return error;
  heapster_sites_rank(taken, taken_count, NULL);
  give_sites(taken, taken_count, sites, site_size, capacity, &own.others);
  heapster__explain_free(taken, taken_count);
  if (count) *count = taken_count < capacity ? taken_count : capacity;
  if (explanation) heapster__copy_sized(explanation, explanation_size, &own, sizeof own);
  return HEAPSTER_OK;
}
