/* Eight threads start at once: four end the process by _exit, one by exit, and the others allocate. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENDING = 8 };

static pthread_barrier_t all_ready;

static void *end(void *number) {
  pthread_barrier_wait(&all_ready);
  free(malloc(100));
  if ((intptr_t)number % 2 == 0) _exit(8);
  /* Two threads in exit at once are undefined; one is enough. */
  if ((intptr_t)number == 1) exit(8);
  for (;;) free(malloc(100));
}

int main(void) {
  pthread_t threads[ENDING];
  pthread_barrier_init(&all_ready, NULL, ENDING);
  for (intptr_t i = 0; i < ENDING; i++) pthread_create(&threads[i], NULL, end, (void *)i);
  for (;;) pause();
}
