/* A server whose threads allocate while it forks workers, which have threads of their own; half of them end by _exit.
   Ends with 6. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, WORKERS = 20, REQUESTS = 1000, WORKER_SECONDS = 30 };

static atomic_bool is_over;

static void allocate(void) {
  void *blocks[10];
  for (int i = 0; i < 10; i++) blocks[i] = malloc(100);
  for (int i = 0; i < 10; i++) free(blocks[i]);
}

static void *allocate_on_and_on(void *context) {
  while (!atomic_load(&is_over)) allocate();
  return context;
}

static void *allocate_much(void *context) {
  for (int i = 0; i < REQUESTS / 10; i++) allocate();
  return context;
}

static void work(int number) {
  pthread_t thread;
  alarm(WORKER_SECONDS); /* who hangs dies */
  if (pthread_create(&thread, NULL, allocate_much, NULL) != 0) abort();
  allocate_much(NULL);
  pthread_join(thread, NULL);
  if (number % 2) _exit(0);
  exit(0);
}

int main(void) {
  pthread_t threads[THREADS];
  int failures = 0;
  for (int i = 0; i < THREADS; i++) {
    if (pthread_create(&threads[i], NULL, allocate_on_and_on, NULL) != 0) abort();
  }
  for (int i = 0; i < WORKERS; i++) {
    if (fork() == 0) work(i);
  }
  for (int i = 0, status; i < WORKERS; i++) failures += wait(&status) < 0 || status != 0;
  atomic_store(&is_over, true);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  return failures ? 1 : 6;
}
