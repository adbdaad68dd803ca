/* malloc and free in pairs, 16 to 2048 bytes, on so many threads at once; prints nanoseconds a pair.
   churn THREADS PAIRS */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_THREADS = 64 };

static pthread_barrier_t all_are_ready;
static size_t pairs;

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void churn(uint64_t seed, size_t count) {
  for (size_t i = 0; i < count; i++) {
    void *volatile block = malloc(16 + next_random(&seed) % 2033);
    free(block);
  }
}

static void *work(void *seed) {
  churn((uintptr_t)seed, pairs / 10 + 1); /* warm */
  pthread_barrier_wait(&all_are_ready);
  churn((uintptr_t)seed, pairs);
  pthread_barrier_wait(&all_are_ready);
  return NULL;
}

int main(int count, char **arguments) {
  const size_t threads = count == 3 ? strtoul(arguments[1], NULL, 10) : 0;
  if (threads < 1 || threads > MAX_THREADS) {
    (void)fprintf(stderr, "usage: %s THREADS PAIRS\n", arguments[0]);
    return 2;
  }
  pairs = strtoul(arguments[2], NULL, 10);
  pthread_t ids[MAX_THREADS];
  pthread_barrier_init(&all_are_ready, NULL, (unsigned)threads + 1);
  for (size_t i = 0; i < threads; i++) pthread_create(&ids[i], NULL, work, (void *)(uintptr_t)(88172645 + i));
  pthread_barrier_wait(&all_are_ready);
  const double start = now();
  pthread_barrier_wait(&all_are_ready);
  const double end = now();
  for (size_t i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  printf("%.3f\n", (end - start) / (double)pairs);
  return 0;
}
