/* The end of explaining: the sites as plain values. */
#include "explain/state.h"

#include "base/lock.h"
#include "count/site_cells.h"
#include "value/sized.h"

#include <dlfcn.h>

void heapster__requests_add(struct heapster_requests *sum, const struct heapster_requests *part) {
#define X(name) sum->name += part->name;
  HEAPSTER__REQUEST_FIELDS(X)
#undef X
}

static void subtract_requests(struct heapster_requests *from, const struct heapster_requests *part) {
#define X(name) from->name = from->name > part->name ? from->name - part->name : 0;
  HEAPSTER__REQUEST_FIELDS(X)
#undef X
}

/* All named sites of a table, and where they are by their numbers. */
struct taking {
  struct heapster__site_table *table;
  struct heapster_site *sites;
  size_t count;
  uint16_t index_of[HEAPSTER_SITES + 1]; /* plus 1; 0: not named */
};

static void read_site(struct taking *to, struct heapster__site_table *table, unsigned number) {
  to->sites[to->count] = heapster__site_read(table, number);
  to->index_of[number] = (uint16_t)++to->count;
}

/* By the index, where sites are complete. A thread that is late may publish another one meanwhile: then there is no
   room for it. */
static void read_sites(struct taking *to, struct heapster__site_table *table, unsigned used) {
  for (unsigned place = 0; place < HEAPSTER__SITE_INDEX; place++) {
    const unsigned number = heapster__site_at(table, place);
    if (number != HEAPSTER__SITE_ELSEWHERE && to->count < used) read_site(to, table, number);
  }
  read_site(to, table, HEAPSTER__SITE_ELSEWHERE);
}

static void count_live(void *context, uint16_t cell, struct heapster__block block) {
  const struct taking *const to = context;
  const unsigned number = heapster__site_in_cell(to->table, cell);
  const uint16_t index = number <= HEAPSTER_SITES ? to->index_of[number] : 0;
  if (!index) return;
  to->sites[index - 1].live_count++;
  to->sites[index - 1].live_sum += block.size;
}

static void count_map(struct heapster__map *map, void *to) { heapster__sites_visit(map, count_live, to); }

/* Whether the thread that is explained has ended. Another may have its record, with all it counted. */
static bool has_ended(const struct heapster__thread *thread) {
  return thread &&
         heapster__load_relaxed(&thread->generation) != heapster__load_relaxed(&heapster__explaining.generation);
}

/* Threads without a record have no site: what they requested is elsewhere, which is the last of the sites. */
static void fill_explanation(struct heapster_explanation *explanation, struct taking *to) {
  const unsigned heap = heapster__load_relaxed(&heapster__explaining.heap);
  const struct heapster__thread *thread = heapster__load_relaxed(&heapster__explaining.thread);
  struct heapster_requests shared = {0};
  struct heapster_requests at_sites = {0};
  if (!thread) heapster__add_armed_shared(&shared, heap);
  heapster__requests_add(&to->sites[to->count - 1].requests, &shared);
  *explanation = (struct heapster_explanation){.scope = thread ? HEAPSTER_THREAD : HEAPSTER_PROCESS};
  heapster__add_armed(&explanation->counted, thread, heap);
  heapster__requests_add(&explanation->counted, &shared);
  for (size_t i = 0; i < to->count; i++) heapster__requests_add(&at_sites, &to->sites[i].requests);
  if (has_ended(thread)) explanation->counted = at_sites;
  explanation->under_way = explanation->counted;
  subtract_requests(&explanation->under_way, &at_sites);
  const struct heapster_site *last = &to->sites[to->count - 1];
  if (!last->requests.alloc_count && !last->requests.realloc_growth_count && !last->requests.realloc_move_count)
    to->count--;
  explanation->site_count = to->count;
}

static enum heapster_error check_end(void) {
  const struct heapster__thread *thread = heapster__load_relaxed(&heapster__explaining.thread);
  const struct heapster__thread *own = heapster__this_thread();
  const bool is_of_report = heapster__load_relaxed(&heapster__explaining.limit) != 0; /* nobody else began it */
  if (!heapster__is_armed() || is_of_report) return HEAPSTER_NOT_EXPLAINING;
  return !thread || thread == own || has_ended(thread) ? HEAPSTER_OK : HEAPSTER_WRONG_THREAD;
}

/* The sites come after an element that says how many there is room for: numbers that name no site need none. */
static struct heapster_site *map_sites(size_t room) {
  struct heapster_site *first = heapster__pages_map((1 + room) * sizeof *first);
  if (!first) return NULL;
  first->place = room;
  return first + 1;
}

void heapster__explain_free(struct heapster_site *sites, size_t count) {
  (void)count;
  if (sites) heapster__pages_unmap(sites - 1, (1 + sites[-1].place) * sizeof *sites);
}

static enum heapster_error take_locked(struct heapster_explanation *explanation, struct taking *to) {
  const enum heapster_error error = check_end();
  if (error) return error;
  heapster__disarm();
  struct heapster__site_table *table = heapster__explained_table();
  const unsigned used = heapster__site_count(table);
  to->table = table;
  to->sites = map_sites(used + 1);
  if (!to->sites) return HEAPSTER_NO_MEMORY;
  read_sites(to, table, used);
  heapster__visit_maps(count_map, to);
  fill_explanation(explanation, to);
  return HEAPSTER_OK;
}

enum heapster_error heapster__explain_take(struct heapster_explanation *explanation, struct heapster_site **sites,
                                           size_t *count) {
  struct taking to = {.sites = NULL};
  *sites = NULL;
  *count = 0;
  heapster__lock();
  const enum heapster_error error = take_locked(explanation, &to);
  heapster__unlock();
  if (error) return error;
  if (!to.count) heapster__explain_free(to.sites, 0);
  *sites = to.count ? to.sites : NULL;
  *count = to.count;
  return HEAPSTER_OK;
}

void heapster__explain_drop(void) {
  heapster__lock();
  const enum heapster_error error = check_end();
  if (!error || error == HEAPSTER_WRONG_THREAD) heapster__disarm();
  heapster__unlock();
}

/* The address before the one that is returned to is in the call. */
void heapster__site_name(struct heapster_site *site) {
  const void *const call = (const void *)((uintptr_t)site->place - 1);
  const char *path;
  uintptr_t bias;
  Dl_info object;
  if (site->kind != HEAPSTER_SITE_C || !heapster__find_object(call, &path, &bias)) return;
  site->offset = (uintptr_t)call - bias;
  site->file = path;
  if (!dladdr(call, &object)) return;
  site->function = object.dli_sname;
  site->file = object.dli_fname; /* of the program it has the name */
}

/* Gives the first sites to the caller, and adds up the others. */
static void give_sites(struct heapster_site *from, size_t from_count, struct heapster_site *sites, size_t site_size,
                       size_t capacity, struct heapster_requests *others) {
  for (size_t i = 0; i < from_count; i++) {
    if (i < capacity) {
      heapster__site_name(&from[i]);
      heapster__copy_sized((char *)sites + i * site_size, site_size, &from[i], sizeof from[i]);
    } else {
      heapster__requests_add(others, &from[i].requests);
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
