/* How the micro patterns ask for memory: from malloc, or, for the program built with the Rust crate, from Rust's
   allocator. Rust's must be told a block's size when it is resized or freed; malloc's ignores what it is told. */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include <stddef.h>
#include <stdlib.h>

#ifdef BENCH_RUST
void *rust_allocate(size_t size);
void *rust_resize(void *block, size_t old_size, size_t new_size);
void rust_release(void *block, size_t size);

static inline void *allocate(size_t size) { return rust_allocate(size); }
static inline void *resize(void *block, size_t old_size, size_t new_size) {
  return rust_resize(block, old_size, new_size);
}
static inline void release(void *block, size_t size) { rust_release(block, size); }
#else
static inline void *allocate(size_t size) { return malloc(size); }
static inline void *resize(void *block, size_t old_size, size_t new_size) {
  (void)old_size;
  return realloc(block, new_size);
}
static inline void release(void *block, size_t size) {
  (void)size;
  free(block);
}
#endif

#endif
