/* The watch on large requests: one in a process. */
#include "explain/large.h"

#include "base/lock.h"
#include "count/arming.h"
#include "count/guard.h"
#include "explain/explain.h"
#include "heap/heap.h"

#include <heapster/size.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Static_assert((int)HEAPSTER_LARGE_LEAST == (int)HEAPSTER__PENDING_SPAN, "what adds more makes a flush due");

/* Written under the lock, and the number is uneven meanwhile. Nobody waits for that: a request that comes then is not
   said. */
static struct {
  _Atomic uint32_t number;
  heapster_large_function *_Atomic function; /* NULL: nothing is watched */
  void *_Atomic context;
} listener;

static _Atomic uint64_t raised; /* see heapster__large_level */
static _Atomic uint64_t unsaid_count, unsaid_max;
static _Atomic bool is_left;     /* see heapster__large_leave_unsaid */
static _Atomic uint32_t own_pid; /* of the process that says at its end what was not said */

/* 64ths of a second. */
static uint32_t read_ticks(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)((uint64_t)now.tv_sec * 64 + (uint64_t)now.tv_nsec * 64 / 1000000000);
}

static void note_unsaid(uint64_t size) {
  uint64_t max = heapster__load_relaxed(&unsaid_max);
  while (max < size && !heapster__swap_relaxed(&unsaid_max, &max, size)) continue;
  heapster__add_relaxed(&unsaid_count, 1);
}

/* Whether the request is above the raised threshold, which it raises then. */
static bool try_raise(uint64_t above, uint64_t size) {
  uint64_t before = heapster__load_relaxed(&raised);
  uint32_t now;
  do {
    now = read_ticks(); /* not before the word is read: another thread may raise it in between */
    if (size <= heapster__large_level(before, above, now)) return false;
  } while (!heapster__swap_relaxed(&raised, &before, heapster__large_raise(before, now)));
  return true;
}

/* False: nothing is watched, or that is just changing. */
static bool read_listener(heapster_large_function **function, void **context) {
  const uint32_t number = heapster__load_acquire(&listener.number);
  *function = heapster__load_relaxed(&listener.function);
  *context = heapster__load_relaxed(&listener.context);
  heapster__fence_acquire();
  return *function && number % 2 == 0 && heapster__load_relaxed(&listener.number) == number;
}

/* `heap` is 0 if a signal handler left the thread in the middle of something. */
static void fill(struct heapster_large_request *request, const struct heapster__large *large) {
  *request = (struct heapster_large_request){.size = large->size, .place = (uintptr_t)large->caller, .heap = "?"};
  if (large->heap) heapster__heap_copy_name(heapster__heap_slot(large->heap), request->heap);
  request->unsaid_count = heapster__exchange_relaxed(&unsaid_count, 0);
  request->unsaid_max = request->unsaid_count ? heapster__exchange_relaxed(&unsaid_max, 0) : 0;
}

static void take_back(const struct heapster_large_request *request) {
  if (request->unsaid_count) note_unsaid(request->unsaid_max);
  if (request->unsaid_count) heapster__add_relaxed(&unsaid_count, request->unsaid_count - 1);
  note_unsaid(request->size);
}

/* For a watch that keeps each one instead. Nothing floods there: the threshold does not rise. */
static void keep(const struct heapster_large_request *request, void *unused) {
  (void)unused;
  if (!heapster__large_keep(request)) take_back(request);
}

/* The function may make requests: they have sites of their own, while that of this one is not taken yet. */
static void tell(struct heapster__thread *thread, const struct heapster__large *large,
                 heapster_large_function *function, void *context) {
  struct heapster_large_request request;
  const struct heapster__site site = thread->site;
  fill(&request, large);
  thread->large.telling = heapster__load_relaxed(&thread->generation) + 1;
  function(&request, context);
  thread->large.telling = 0;
  thread->site = site;
}

static void meet(const struct heapster__large *large) {
  const int error = errno;
  struct heapster__thread *thread = heapster__this_thread();
  const uint64_t above = heapster__load_relaxed(&heapster__large_above);
  heapster_large_function *function = NULL;
  void *context = NULL;
  if (large->size <= above) return;
  const bool can_tell = thread && thread->large.telling != heapster__load_relaxed(&thread->generation) + 1 &&
                        !heapster__is_locked_here() && read_listener(&function, &context);
  if (can_tell && (function == keep || try_raise(above, large->size)))
    tell(thread, large, function, context);
  else
    note_unsaid(large->size);
  errno = error;
}

static void set_listener(heapster_large_function *function, void *context) {
  const uint32_t number = heapster__load_relaxed(&listener.number);
  heapster__store_relaxed(&listener.number, number + 1);
  heapster__fence_release();
  heapster__store_relaxed(&listener.function, function);
  heapster__store_relaxed(&listener.context, context);
  heapster__store_release(&listener.number, number + 2);
}

/* In one write, so that lines of several threads do not mix. */
struct line {
  size_t length;
  char text[1536]; /* a path of 255 characters, each written as four, and what is around it */
};

static bool add_to_line(void *context, const char *text, size_t length) {
  struct line *const line = context;
  if (length > sizeof line->text - line->length) return false;
  memcpy(line->text + line->length, text, length);
  line->length += length;
  return true;
}

static void write_line(const struct line *line) {
  size_t done = 0;
  while (done < line->length) {
    const ssize_t part = write(STDERR_FILENO, line->text + done, line->length - done);
    if (part < 0 && errno != EINTR) return;
    if (part > 0) done += (size_t)part;
  }
}

static void write_request(const struct heapster_large_request *request, void *unused) {
  (void)unused;
  struct line line = {.length = 0};
  const struct heapster_sink sink = {add_to_line, &line};
  char text[HEAPSTER_SIZE_TEXT + 64];
  add_to_line(&line, "heapster: ", strlen("heapster: "));
  heapster_large_text(request, sink);
  int length = snprintf(text, sizeof text, " (pid %ld)", (long)getpid());
  add_to_line(&line, text, (size_t)length);
  if (request->unsaid_count) {
    char size[HEAPSTER_SIZE_TEXT];
    heapster_size_text(request->unsaid_max, size);
    length = snprintf(text, sizeof text, "; before it %llu more, of up to %s",
                      (unsigned long long)request->unsaid_count, size);
    add_to_line(&line, text, (size_t)length);
  }
  add_to_line(&line, "\n", 1);
  write_line(&line);
}

static void write_unsaid(const struct heapster__unsaid *unsaid) {
  struct line line = {.length = 0};
  char text[HEAPSTER__UNSAID_TEXT];
  if (!unsaid->count) return;
  heapster__large_unsaid_text(unsaid, (long)getpid(), text);
  line.length = (size_t)snprintf(line.text, sizeof line.text, "heapster: %s\n", text);
  write_line(&line);
}

static void forget_unsaid(void) {
  heapster__store_relaxed(&unsaid_count, 0);
  heapster__store_relaxed(&unsaid_max, 0);
}

/* Nothing if somebody else says it: the command, or the parent of a child that shares this memory. */
static void take_unsaid(struct heapster__unsaid *unsaid) {
  *unsaid = (struct heapster__unsaid){0};
  if (heapster__load_relaxed(&is_left) || heapster__load_relaxed(&own_pid) != (uint32_t)getpid()) return;
  heapster__large_unsaid(unsaid);
  if (unsaid->count) forget_unsaid();
}

void heapster__large_end(void) {
  struct heapster__unsaid unsaid;
  take_unsaid(&unsaid);
  write_unsaid(&unsaid);
}

void heapster__large_unsaid(struct heapster__unsaid *unsaid) {
  const uint64_t above = heapster__load_relaxed(&heapster__large_above);
  *unsaid = (struct heapster__unsaid){0};
  if (above == UINT64_MAX || heapster__load_relaxed(&listener.function) == keep) return;
  *unsaid =
      (struct heapster__unsaid){above, heapster__load_relaxed(&unsaid_count), heapster__load_relaxed(&unsaid_max)};
}

void heapster__large_leave_unsaid(void) { heapster__store_relaxed(&is_left, true); }

/* The parent says what was not said before the fork, and has what was kept. */
static void forget_parent(void) {
  forget_unsaid();
  heapster__store_relaxed(&own_pid, (uint32_t)getpid());
  heapster__store_relaxed(&is_left, false);
}

static void after_fork(void) {
  forget_parent();
  heapster__large_drop_kept();
}

HEAPSTER__AT_UNLOAD static void end(void) { heapster__large_end(); }

static void end_at_exit(int status, void *unused) {
  (void)status;
  (void)unused;
  heapster__large_end();
}

/* The C library may take the memory of these entries from malloc: that request is heapster's. */
static void register_end(void) {
  static heapster__flag is_registered;
  struct heapster__guard guard;
  if (heapster__exchange_relaxed(&is_registered, 1)) return;
  heapster__guard_enter(&guard, heapster__thread_claim());
  HEAPSTER__ON_EXIT(end_at_exit);
  at_quick_exit(end);
  heapster__guard_leave(&guard);
}

/* What an earlier watch kept is forgotten, and the threshold starts anew. The end of a watch leaves what was kept. */
static void start(uint64_t size, heapster_large_function *function, void *context) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_relaxed(&heapster__large_above, UINT64_MAX);
  heapster__store_relaxed(&raised, 0);
  forget_unsaid();
  heapster__store_relaxed(&own_pid, (uint32_t)getpid());
  if (size) heapster__large_forget_kept();
  set_listener(size ? function : NULL, context);
  heapster__store_relaxed(&heapster__large_after_fork, after_fork);
  heapster__store_release(&heapster__large_watcher, meet);
  if (size)
    heapster__or_relaxed(&heapster__wanted_sites, (unsigned)HEAPSTER__SITES_OF_LARGE);
  else
    heapster__and_release(&heapster__wanted_sites, ~(unsigned)HEAPSTER__SITES_OF_LARGE);
  heapster__store_release(&heapster__large_above, size ? size : UINT64_MAX);
}

/* The rest is written when the lock is free again: standard error may be a pipe that nobody reads for a while. */
static enum heapster_error watch(uint64_t size, heapster_large_function *function, void *context) {
  struct heapster__unsaid rest = {0};
  if (!HEAPSTER__HAS_THREAD_RECORDS) return HEAPSTER_UNSUPPORTED;
  if (size && size < HEAPSTER_LARGE_LEAST) return HEAPSTER_LARGE_TOO_SMALL;
  if (heapster__is_locked_here()) return HEAPSTER_UNSUPPORTED; /* in a signal handler */
  heapster__explain_note_program();
  heapster__lock();
  if (heapster__load_relaxed(&listener.function) == write_request) take_unsaid(&rest);
  start(size, function ? function : write_request, context);
  heapster__unlock();
  write_unsaid(&rest);
  return HEAPSTER_OK;
}

void heapster__watch_large_process(uint64_t size) {
  if (size) watch(size, NULL, NULL);
}

enum heapster_error heapster_watch_large(uint64_t size, heapster_large_function *function, void *context) {
  if (HEAPSTER__HAS_THREAD_RECORDS && size >= HEAPSTER_LARGE_LEAST) register_end();
  return watch(size, function, context);
}

enum heapster_error heapster__watch_large_kept(uint64_t size) { return heapster_watch_large(size, keep, NULL); }
