// new and delete over an allocator that has its own: counted from 17 bytes on, smaller ones passed on uncounted.
#include <heapster/heapster.h>

#include <cstdio>
#include <cstring>
#include <new>

namespace {

enum { BLOCKS = 100, BYTES = 1024, SMALL = 8 };

template <int Bytes> struct block { char bytes[Bytes]; };

heapster_stats figures() {
  heapster_stats stats;
  heapster_stats_read(heapster_heap_find("malloc"), &stats);
  return stats;
}

int differs(const char *what, unsigned long long found, unsigned long long expected) {
  if (found != expected) std::fprintf(stderr, "%s: %llu, not %llu\n", what, found, expected);
  return found != expected;
}

// Opaque to the compiler, which may leave out a new whose block is not used.
template <typename Block> Block *kept(Block *made) {
  asm volatile("" : "+r"(made) : : "memory");
  return made;
}

// Every form once, deleted by a sized form.
void make_and_delete() {
  for (int i = 0; i < BLOCKS; i++) {
    delete kept(new block<BYTES>);
    delete[] kept(new char[BYTES]);
    delete kept(new (std::nothrow) block<BYTES>);
    ::operator delete(::operator new(BYTES, std::align_val_t(64)), std::align_val_t(64));
  }
}

// Small blocks that live across hook and unhook: a sized delete gives their true size, which must fit the block.
int small_ones_cross_the_hook() {
  block<SMALL> *blocks[BLOCKS];
  for (auto &each : blocks) each = kept(new block<SMALL>);
  if (heapster_unhook("malloc")) return 1;
  for (auto &each : blocks) {
    delete each;
    each = kept(new block<SMALL>);
    std::memset(each, 'x', sizeof *each);
  }
  if (heapster_hook("malloc")) return 1;
  for (auto &each : blocks) delete each;
  return 0;
}

} // namespace

int main(int argc, char **) {
  if (heapster_hook("malloc")) return 1;
  const heapster_stats before = figures();
  make_and_delete();
  const heapster_stats after = figures();
  int failures = differs("allocs", after.alloc_count - before.alloc_count, 4 * BLOCKS);
  failures += differs("frees", after.dealloc_count - before.dealloc_count, 4 * BLOCKS);
  failures += differs("bytes", after.alloc_sum - before.alloc_sum, 4ULL * BLOCKS * BYTES);
  failures += small_ones_cross_the_hook();
  heapster_status status;
  heapster_status_read(&status);
  const bool is_reported = status.malloc_problem && std::strstr(status.malloc_problem, "operator new of less than 17");
  return failures +
         differs("the problem of small ones is reported", is_reported, argc > 1); // an argument: over such an allocator
}
