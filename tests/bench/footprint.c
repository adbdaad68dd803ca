/* A program whose memory is known but for who watches it; prints how much it has for itself, in KiB.

     footprint ran N             N threads have run, one after the other, and made a request each
     footprint alive N           N threads are alive, and have made a request each
     footprint blocks SIZE MIB   blocks of SIZE bytes are alive, MIB MiB of them */
#include "anonymous.h"
#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { STACK = 65536, MOST_THREADS = 4096 };

static pthread_barrier_t have_asked, may_end;

static void *ask(void *unused) {
  (void)unused;
  void *volatile block = malloc(100);
  free(block);
  return NULL;
}

static void *ask_and_stay(void *unused) {
  ask(unused);
  pthread_barrier_wait(&have_asked);
  pthread_barrier_wait(&may_end);
  return NULL;
}

static pthread_t start(void *(*what)(void *)) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  if (pthread_create(&thread, &attributes, what, NULL)) {
    (void)fputs("no thread could be started\n", stderr);
    exit(1);
  }
  pthread_attr_destroy(&attributes);
  return thread;
}

static long after_threads(size_t threads) {
  for (size_t i = 0; i < threads; i++) pthread_join(start(ask), NULL);
  return anonymous_kib();
}

static long with_threads(size_t threads) {
  static pthread_t ids[MOST_THREADS];
  pthread_barrier_init(&have_asked, NULL, (unsigned)threads + 1);
  pthread_barrier_init(&may_end, NULL, (unsigned)threads + 1);
  for (size_t i = 0; i < threads; i++) ids[i] = start(ask_and_stay);
  pthread_barrier_wait(&have_asked);
  const long kib = anonymous_kib();
  pthread_barrier_wait(&may_end);
  for (size_t i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  return kib;
}

/* Each block begins with the address of the one before. */
static long with_blocks(size_t size, size_t mib) {
  void *last = NULL;
  for (size_t blocks = (mib << 20) / size; blocks > 0; blocks--) {
    char *block = malloc(size);
    if (!block) exit(1);
    memset(block, 1, size);
    memcpy(block, &last, sizeof last);
    last = block;
  }
  const long kib = anonymous_kib();
  while (last) {
    void *before;
    memcpy(&before, last, sizeof before);
    free(last);
    last = before;
  }
  return kib;
}

int main(int count, char **arguments) {
  const char *what = count > 2 ? arguments[1] : "";
  const size_t number = count > 2 ? strtoul(arguments[2], NULL, 10) : 0;
  long kib = -1;
  if (count == 3 && strcmp(what, "ran") == 0) kib = after_threads(number);
  if (count == 3 && strcmp(what, "alive") == 0 && number <= MOST_THREADS) kib = with_threads(number);
  if (count == 4 && strcmp(what, "blocks") == 0 && number >= sizeof(void *))
    kib = with_blocks(number, strtoul(arguments[3], NULL, 10));
  if (kib < 0) {
    (void)fprintf(stderr, "usage: %s ran N | alive N (up to %d) | blocks SIZE MIB (from %zu bytes)\n", arguments[0],
                  MOST_THREADS, sizeof(void *));
    return 2;
  }
  printf("%ld\n", kib);
  return 0;
}
