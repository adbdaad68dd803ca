/* One thread loads and unloads libraries while two others make requests from deep calls. The arguments are the
 * libraries. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "descend.h"

static atomic_bool is_done;

static void *request(void *unused) {
  while (!atomic_load(&is_done)) descend(10);
  return unused;
}

int main(int count, char **words) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    if (pthread_create(&threads[i], NULL, request, NULL)) return 1;
  }
  for (int round = 0; round < 300; round++) {
    for (int i = 1; i < count; i++) {
      void *const library = dlopen(words[i], RTLD_NOW);
      if (!library) return 2;
      dlclose(library);
    }
  }
  atomic_store(&is_done, true);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  return 0;
}
