/* Memory for what a script gets, from below the malloc hook. */
#include "common/value.h"

#include <heapster/allocator.h>

void *heapster__value_memory(size_t size) {
  const struct heapster_allocator *const system = heapster_allocator_system();
  return system->malloc(system->context, size);
}

void heapster__value_free(void *value) {
  const struct heapster_allocator *const system = heapster_allocator_system();
  system->free(system->context, value);
}
