/* Memory for scripts' values. It comes from below the malloc hook, so reading figures does not change them. */
#ifndef HEAPSTER__VALUE_H
#define HEAPSTER__VALUE_H

#include <stddef.h>

/* Uncounted memory, or NULL. */
void *heapster__value_alloc(size_t size);

/* Uncounted memory with a copy of `size` bytes, or NULL. */
void *heapster__value_copy(const void *value, size_t size);

void heapster__value_free(void *value);

#endif
