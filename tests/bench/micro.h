/* A pattern of requests, and a thread that works at it. */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring; /* blocks on their way from one thread to the next */

struct worker {
  size_t index, threads;
  uint64_t random;    /* the state of its random numbers */
  size_t cold_blocks; /* blocks of the cold heap, of all threads together */
  void **slots;       /* blocks that stay alive; how many is the pattern's */
  size_t slot_count;  /* of them */
  size_t left;        /* operations left, for a pattern that is done whole */
  struct ring *in, *out;
};

struct pattern {
  const char *name;
  bool is_done_whole; /* goes on until nothing is left, whatever the limit is */
  bool needs_a_time;  /* a limit of operations would leave a thread waiting for one that has done its own */
  void (*prepare)(struct worker *); /* before the clock; NULL: nothing */
  size_t (*batch)(struct worker *); /* a few microseconds of work; how many operations it was */
  void (*clear)(struct worker *);   /* after the clock, when all threads have stopped; NULL: nothing */
};

/* The pattern of that name; NULL: there is none. */
const struct pattern *pattern_find(const char *name);

/* The i-th pattern; NULL beyond the last. */
const struct pattern *pattern_at(size_t i);

/* A ring for each thread, filled by it and emptied by the next. */
struct ring *rings_create(size_t threads);
void rings_connect(struct worker *worker, struct ring *rings);

#endif
