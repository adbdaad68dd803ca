/* Memory for what a script gets, from below the malloc hook: looking at the figures does not change them. */
#ifndef HEAPSTER__VALUE_H
#define HEAPSTER__VALUE_H

#include <stddef.h>

/* Uncounted memory; NULL when there is none. */
void *heapster__value_memory(size_t size);

void heapster__value_free(void *value);

#endif
