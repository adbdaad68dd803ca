/* A library that is opened late. With OWN_MALLOC it carries an allocator of its own, as some plugins do. */
#include <stddef.h>
#include <stdlib.h>

#ifdef OWN_MALLOC

static _Alignas(16) unsigned char pool[1 << 20];
static size_t used;

void *malloc(size_t size) {
  used += (size + 31) & ~(size_t)15;
  return used <= sizeof pool ? pool + used - ((size + 31) & ~(size_t)15) : NULL;
}

void free(void *block) { (void)block; }

#endif

void *plugin_allocate(size_t size);
void *plugin_allocate(size_t size) { return malloc(size); }

void plugin_free(void *block);
void plugin_free(void *block) { free(block); }
