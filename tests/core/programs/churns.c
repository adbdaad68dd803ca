/* Says "ready"; eight threads allocate, resize and free until the program is killed. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 8, BLOCKS = 64 };

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

int main(void) {
  pthread_t thread;
  for (uintptr_t i = 1; i < THREADS; i++) pthread_create(&thread, NULL, churn, (void *)i);
  if (write(1, "ready\n", 6) != 6) return 1;
  churn(NULL);
}
