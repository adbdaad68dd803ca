/* A library that is opened late. Some carry an allocator of their own. */
#include <stddef.h>
#include <stdlib.h>

void *plugin_allocate(size_t size);
void *plugin_allocate(size_t size) { return malloc(size); }

void plugin_free(void *block);
void plugin_free(void *block) { free(block); }
