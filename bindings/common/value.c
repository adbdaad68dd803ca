/* Memory for scripts' values, from below the malloc hook. */
#include "common/value.h"

#include <heapster/allocator.h>
#include <string.h>

void *heapster__value_alloc(size_t size) {
  const struct heapster_allocator *const system = heapster_allocator_system();
  return system->malloc(system->context, size);
}

void *heapster__value_copy(const void *value, size_t size) {
  void *const copy = heapster__value_alloc(size);
  return copy ? memcpy(copy, value, size) : NULL;
}

void heapster__value_free(void *value) {
  const struct heapster_allocator *const system = heapster_allocator_system();
  system->free(system->context, value);
}
