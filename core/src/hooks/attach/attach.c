/* malloc counted in a running process. */
#include "hooks/attach/attach.h"

#include "base/lock.h"
#include "base/platform.h"
#include "heap/snapshot.h"
#include "hooks/attach/elf.h"
#include "hooks/attach/survey.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
  bool is_started;                 /* under the lock */
  const char *_Atomic refusal;     /* why it could not be started, the last time it was tried */
  _Atomic bool is_on;              /* what all slots are to agree with */
  _Atomic bool is_unfinished;      /* something is to be looked at again */
  _Atomic unsigned long long adds; /* objects ever loaded at the last look */
  _Atomic unsigned glances;        /* at what is unfinished, since something was loaded */
  bool was_cut_off;        /* the loader's lock may be lost: set in the child of a fork, where no other thread is */
  bool is_forking_threads; /* by the forking thread, around a fork */
} attached;

/* What a walk found: how many objects, and the name of the first. */
struct findings {
  unsigned objects;
  char first[HEAPSTER__OBJECT_NAME];
};

struct walk {
  const struct heapster__survey *survey;
  size_t objects; /* seen so far */
  bool is_on;
  bool is_stale; /* an object was loaded since the survey */
  bool is_unfinished;
  struct findings refused;
  struct findings elsewhere;
  struct findings busy;
  struct findings open;
};

/* One object under a walk. */
struct work {
  struct walk *walk;
  const struct heapster__object *object;
  struct heapster__open_page page;
  bool is_refused;
  bool is_elsewhere;
  bool is_busy;
  bool is_open;
};

static void exchange(struct work *work, uintptr_t *slot, uintptr_t value) {
  switch (heapster__slot_write(work->object, &work->page, slot, value)) {
  case HEAPSTER__SLOT_WRITTEN:
    work->walk->is_unfinished = true; /* until a later look still finds it */
    break;
  case HEAPSTER__SLOT_BUSY:
    work->is_busy = true;
    break;
  case HEAPSTER__SLOT_REFUSED:
    work->is_refused = true;
    break;
  }
}

/* What a slot that is not resolved yet will lead to: the first definition, unless the object was opened to prefer its
   own libraries'. One that was there when the program started was not. */
static bool is_foretold(const struct work *work, unsigned place) {
  const struct heapster__survey *survey = work->walk->survey;
  return !survey->is_contested[place] || work->walk->objects <= survey->started;
}

/* Into the object's own text leads a slot that is not resolved, or one to a function of its own. */
static bool is_resolved(const struct work *work, unsigned place, uintptr_t found) {
  return !heapster__object_runs(work->object, found) ||
         found == heapster__object_defines(work->object, heapster__exchanges[place].name);
}

static void attach_slot(struct work *work, unsigned place, uintptr_t *slot) {
  const uintptr_t found = heapster__load_relaxed((_Atomic uintptr_t *)slot);
  if (found == heapster__exchanges[place].counted) return;
  const bool is_open = !is_resolved(work, place, found);
  if (found == heapster__real[place] || (is_open && is_foretold(work, place)))
    exchange(work, slot, heapster__exchanges[place].counted);
  else if (is_open)
    work->is_open = true;
  else if (heapster__is_programs_entry(work->walk->survey, found))
    return;
  else if (heapster__object_holds(work->object, work->object->base + found))
    work->walk->is_unfinished = true; /* a place in the object, not relocated yet */
  else
    work->is_elsewhere = true;
}

static void detach_slot(struct work *work, unsigned place, uintptr_t *slot) {
  if (heapster__load_relaxed((_Atomic uintptr_t *)slot) == heapster__exchanges[place].counted)
    exchange(work, slot, heapster__real[place]);
}

static void visit(void *context, const char *name, uintptr_t *slot) {
  struct work *work = context;
  const unsigned place = heapster__exchange_of(name);
  if (place == HEAPSTER__EXCHANGES || !heapster__real[place]) return;
  if (work->walk->is_on)
    attach_slot(work, place, slot);
  else
    detach_slot(work, place, slot);
}

static void note(struct findings *findings, const struct heapster__object *object) {
  if (!findings->objects++) heapster__object_name(object, findings->first);
}

/* Under the loader's lock: no dl function may be called here. What all slots are to agree with is read here too, so
   that the walk which comes last leaves what was asked for last. */
static int settle_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct walk *walk = context;
  struct heapster__object object;
  if (!walk->objects++) walk->is_on = heapster__load_acquire(&attached.is_on);
  walk->is_stale = walk->is_on && info->dlpi_adds != walk->survey->adds;
  if (walk->is_stale) return 1;
  if (!heapster__object_read(&object, info)) return 0;
  struct work work = {.walk = walk, .object = &object};
  heapster__object_slots(&object, visit, &work);
  heapster__slot_close(&work.page);
  if (work.is_refused) note(&walk->refused, &object);
  if (work.is_elsewhere) note(&walk->elsewhere, &object);
  if (work.is_busy) note(&walk->busy, &object);
  if (work.is_open) note(&walk->open, &object);
  return 0;
}

/* Makes the slots of all that is loaded agree with what was asked for. That something is unfinished is taken back
   before the walk, never after: another thread's walk may have found it meanwhile. */
static void settle(struct walk *walk) {
  enum { TRIES = 16 }; /* where others load without end, what was not reached is for the next look */
  struct heapster__survey survey;
  const int error = errno;
  heapster__store_relaxed(&attached.is_unfinished, false);
  for (unsigned i = 0; i < TRIES; i++) {
    heapster__survey_make(&survey);
    *walk = (struct walk){.survey = &survey};
    dl_iterate_phdr(settle_object, walk);
    if (!walk->is_stale) break;
  }
  walk->survey = NULL;
  if (walk->is_stale || walk->busy.objects || walk->open.objects) walk->is_unfinished = true;
  if (walk->is_unfinished) heapster__store_relaxed(&attached.is_unfinished, true);
  if (heapster__exchange_relaxed(&attached.adds, survey.adds) != survey.adds)
    heapster__store_relaxed(&attached.glances, 0);
  errno = error;
}

static int read_adds(struct dl_phdr_info *info, size_t size, void *adds) {
  (void)size;
  *(unsigned long long *)adds = info->dlpi_adds;
  return 1;
}

static bool is_looking(void) { return heapster__load_relaxed(&attached.is_on) && !attached.was_cut_off; }

static bool is_unfinished(void) { return heapster__load_relaxed(&attached.is_unfinished); }

/* Has anything been loaded since the last walk? */
static bool is_news(void) {
  unsigned long long adds = 0;
  dl_iterate_phdr(read_adds, &adds);
  return adds != heapster__load_relaxed(&attached.adds);
}

/* Before figures are read. */
static void look(void) {
  struct walk walk;
  if (is_looking() && (is_news() || is_unfinished())) settle(&walk);
}

/* Something may stay unfinished for as long as the program runs, such as a function that a library never calls; and a
   walk takes as long as thousands of quiet marks. So the first glances walk, then ever fewer, down to one in 256.
   Threads that glance at once may count one for two, which does no harm. */
static bool is_due(void) {
  const unsigned glances = heapster__load_relaxed(&attached.glances) + 1;
  heapster__store_relaxed(&attached.glances, glances);
  return (glances & (glances - 1)) == 0 || glances % 256 == 0;
}

/* At a frame mark. */
static void glance(void) {
  struct walk walk;
  if (is_looking() && (is_news() || (is_unfinished() && is_due()))) settle(&walk);
}

static const char *const cut_off =
    "loaded libraries cannot be looked at: threads ran when this process was forked, and one of them may hold the "
    "loader's lock for ever";

static const char *const left_behind = "its hook is off, but not all import tables could be pointed back: the system "
                                       "refuses to have them written to, or a "
                                       "library is being loaded just now; calls through them are counted still";

/* The heap is open and the functions below are known before the first slot is written to. */
static const char *start(void) {
  struct heapster__survey survey;
  struct heapster__malloc_hook way = {.comes_back = true, .can_end = true, .name = "attach"};
  heapster__survey_make(&survey);
  if (survey.refusal) return survey.refusal;
  if (!heapster__exchanges_start(survey.real, &way.below))
    return "the allocator of the process lacks functions that others have";
  if (!heapster__malloc_start_locked(&way)) return heapster__malloc_hook()->problem;
  return NULL;
}

enum heapster_error heapster__attach(void) {
  struct walk walk;
  if (attached.was_cut_off && !heapster__is_attached()) {
    heapster__store_relaxed(&attached.refusal, cut_off);
    return HEAPSTER_UNSUPPORTED;
  }
  heapster__lock();
  const char *const refusal = attached.is_started ? NULL : start();
  attached.is_started = !refusal;
  heapster__unlock();
  heapster__store_relaxed(&attached.refusal, refusal);
  if (refusal) return HEAPSTER_UNSUPPORTED;
  const bool was_on = heapster__exchange_acq_rel(&attached.is_on, true); /* pairs with the acquire of the walk */
  if (attached.was_cut_off) return HEAPSTER_OK;
  heapster__on_rescan(look, glance);
  settle(&walk);
  if (!was_on) heapster__malloc_probe_next();
  return HEAPSTER_OK;
}

enum heapster_error heapster__detach(void) {
  struct walk walk;
  if (!attached.is_started) return HEAPSTER_OK;
  if (attached.was_cut_off) return heapster__is_attached() ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
  heapster__exchange_acq_rel(&attached.is_on, false);
  settle(&walk);
  const bool is_done = !walk.refused.objects && !walk.busy.objects;
  heapster__store_relaxed(&attached.refusal, is_done ? NULL : left_behind);
  return is_done ? HEAPSTER_OK : HEAPSTER_UNSUPPORTED;
}

bool heapster__is_attached(void) { return heapster__load_relaxed(&attached.is_on); }

/* Sentences with a figure and a name in them. */
static const char *told(const struct findings *findings, const char *what) {
  static char text[256];
  if (findings->objects == 1)
    snprintf(text, sizeof text, "not counted are the calls from %s: %s", findings->first, what);
  else
    snprintf(text, sizeof text, "not counted are the calls from %u libraries, %s the first: %s", findings->objects,
             findings->first, what);
  return text;
}

static const char *problem_while_on(void) {
  struct walk walk;
  if (attached.was_cut_off) return cut_off;
  settle(&walk);
  if (walk.refused.objects) return told(&walk.refused, "the system does not allow its import table to be written to");
  if (walk.elsewhere.objects)
    return told(&walk.elsewhere, "it asks another malloc (loaded with RTLD_DEEPBIND, or its own)");
  if (walk.busy.objects) return told(&walk.busy, "it is being loaded by another thread just now");
  if (walk.open.objects)
    return told(&walk.open,
                "whose malloc it asks is not known before its first call; what follows that is counted from "
                "the next reading on");
  if (heapster__load_relaxed(&heapster__small_news))
    return "operator new of less than 17 bytes is not counted over an allocator that has operators of its own";
  return NULL;
}

const char *heapster__attach_problem(void) {
  if (heapster__is_attached()) return problem_while_on();
  if (heapster__load_relaxed(&attached.refusal)) return heapster__load_relaxed(&attached.refusal);
  return attached.is_started ? "its hook is off" : "its functions are not hooked";
}

static void before_fork(void) { attached.is_forking_threads = heapster__may_lose_loader(); }

static void after_fork(void) {}

static void in_child(void) {
  if (attached.is_forking_threads) attached.was_cut_off = true;
}

HEAPSTER__AT_LOAD static void start_watch(void) {
  if (HEAPSTER__KNOWS_SLOTS) heapster__at_fork(before_fork, after_fork, in_child);
}
