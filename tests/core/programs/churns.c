/* Eight threads allocate, resize and free until the program is killed. Where heapster is inside, it has many heaps
   first, so that reading all figures takes a while. Says "ready". */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 8, BLOCKS = 64, HEAPS = 200 };

static void *churn(void *number) {
  void *blocks[BLOCKS] = {NULL};
  uint64_t random = (uintptr_t)number + 1;
  for (;;) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const size_t index = random >> 40 & (BLOCKS - 1);
    void *const resized = realloc(blocks[index], random >> 48 & 4095);
    blocks[index] = resized;
  }
  return NULL;
}

static void create_heaps(void) {
  int (*create)(const char *name, const void *allocator, void **heap);
  char name[16];
  void *heap;
  *(void **)&create = dlsym(RTLD_DEFAULT, "heapster_heap_create");
  for (unsigned i = 0; create && i < HEAPS; i++) {
    snprintf(name, sizeof name, "heap%u", i);
    create(name, NULL, &heap);
  }
}

int main(void) {
  pthread_t thread;
  create_heaps();
  for (uintptr_t i = 1; i < THREADS; i++) pthread_create(&thread, NULL, churn, (void *)i);
  if (write(1, "ready\n", 6) != 6) return 1;
  churn(NULL);
}
