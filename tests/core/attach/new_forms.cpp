// Each form of operator new: counted by the size that was asked for, and refused once. malloc is hooked at run time if
// it is not hooked yet. An argument: over an allocator with operators of its own, where small ones are not counted.
// Status 77: the system does not limit the address space, and all else is right.
#include <heapster/heapster.h>

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t too_much = std::size_t{1} << 60;
constexpr std::align_val_t line{64};

void *keep(void *block) {
  asm volatile("" : "+r"(block) : : "memory");
  return block;
}

// Opaque to the compiler, which warns of sizes that are too large.
std::size_t opaque(std::size_t size) {
  asm volatile("" : "+r"(size));
  return size;
}

struct form {
  const char *name;
  bool throws;
  void *(*make)(std::size_t size);
  void (*drop)(void *block);
};

constexpr auto drop = [](void *block) { ::operator delete(block); };
constexpr auto drop_array = [](void *block) { ::operator delete[](block); };
constexpr auto drop_aligned = [](void *block) { ::operator delete(block, line); };
constexpr auto drop_aligned_array = [](void *block) { ::operator delete[](block, line); };

const form forms[] = {
    {"new", true, [](std::size_t size) { return ::operator new(size); }, drop},
    {"new[]", true, [](std::size_t size) { return ::operator new[](size); }, drop_array},
    {"aligned new", true, [](std::size_t size) { return ::operator new(size, line); }, drop_aligned},
    {"aligned new[]", true, [](std::size_t size) { return ::operator new[](size, line); }, drop_aligned_array},
    {"nothrow new", false, [](std::size_t size) { return ::operator new(size, std::nothrow); }, drop},
    {"nothrow new[]", false, [](std::size_t size) { return ::operator new[](size, std::nothrow); }, drop_array},
    {"aligned nothrow new", false, [](std::size_t size) { return ::operator new(size, line, std::nothrow); },
     drop_aligned},
    {"aligned nothrow new[]", false, [](std::size_t size) { return ::operator new[](size, line, std::nothrow); },
     drop_aligned_array},
};

const std::size_t sizes[] = {0, 1, 16, 17, 33, 65, 1000};

const std::size_t odd_alignments[] = {0, 3, 24, 96};

int failures;

void expect(const form &form, const char *what, unsigned long long found, unsigned long long expected) {
  if (found == expected) return;
  std::fprintf(stderr, "%s: %s: %llu, not %llu\n", form.name, what, found, expected);
  failures++;
}

heapster_stats figures() {
  heapster_stats stats;
  heapster_stats_read(heapster_heap_find("malloc"), &stats);
  return stats;
}

void count_size(const form &form, std::size_t size) {
  const heapster_stats before = figures();
  form.drop(keep(form.make(size)));
  const heapster_stats after = figures();
  expect(form, "requests", after.alloc_count - before.alloc_count, 1);
  expect(form, "bytes", after.alloc_sum - before.alloc_sum, size);
  expect(form, "freed bytes", after.dealloc_sum - before.dealloc_sum, size);
}

// How a request for too much ends.
const char *end_of(const form &form) {
  try {
    return keep(form.make(opaque(too_much))) ? "a block" : "NULL";
  } catch (const std::bad_alloc &) {
    return "bad_alloc";
  } catch (int) {
    return "the handler's exception";
  }
}

void refuse(const form &form, const char *with, const char *end_if_it_throws) {
  const heapster_stats before = figures();
  const char *end = end_of(form);
  const heapster_stats after = figures();
  expect(form, with, after.alloc_fail_count - before.alloc_fail_count, 1);
  const char *expected = form.throws ? end_if_it_throws : "NULL";
  if (*end == *expected) return;
  std::fprintf(stderr, "%s: %s: ended with %s, not %s\n", form.name, with, end, expected);
  failures++;
}

int calls;

void give_up() {
  if (++calls == 3) std::set_new_handler(nullptr);
}

[[noreturn]] void throw_bad_alloc() { throw std::bad_alloc(); }

rlim_t limit;

void limit_to(rlim_t bytes) {
  const rlimit memory = {bytes, limit};
  setrlimit(RLIMIT_AS, &memory);
}

void lift_limit() {
  if (++calls == 3) std::set_new_handler(nullptr);
  limit_to(limit);
}

rlim_t address_space() {
  unsigned long pages = 0;
  if (std::FILE *statm = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(statm, "%lu", &pages) != 1) pages = 0;
    std::fclose(statm);
  }
  return rlim_t{pages} * 4096;
}

// qemu-user ignores the limit.
bool is_limit_obeyed() {
  constexpr std::size_t size = std::size_t{1} << 30;
  limit_to(address_space() + size / 4);
  void *block = keep(std::malloc(opaque(size)));
  limit_to(limit);
  std::free(block);
  return !block;
}

// The handler makes memory available, and the request is served after all.
void serve_late(const form &form) {
  constexpr std::size_t size = std::size_t{1} << 30;
  const rlim_t little = address_space() + size / 4;
  std::set_new_handler(lift_limit);
  calls = 0;
  const heapster_stats before = figures();
  limit_to(little);
  void *block = keep(form.make(opaque(size)));
  const heapster_stats after = figures();
  limit_to(limit);
  std::set_new_handler(nullptr);
  expect(form, "calls of a handler that makes memory available", calls, 1);
  expect(form, "a block after all", block != nullptr, 1);
  expect(form, "requests served late", after.alloc_count - before.alloc_count, 1);
  expect(form, "bytes served late", after.alloc_sum - before.alloc_sum, size);
  expect(form, "refusals before", after.alloc_fail_count - before.alloc_fail_count, 1);
  form.drop(block);
}

// An alignment that is no power of two: libstdc++ refuses it, and asks malloc for nothing.
void refuse_alignment(std::size_t alignment) {
  const std::align_val_t odd{opaque(alignment)};
  const form form = {"an odd alignment", true, nullptr, nullptr};
  const heapster_stats before = figures();
  int refusals = 0;
  try {
    keep(::operator new(sizes[4], odd));
  } catch (const std::bad_alloc &) {
    refusals++;
  }
  refusals += !keep(::operator new(sizes[4], odd, std::nothrow));
  const heapster_stats after = figures();
  expect(form, "refusals", refusals, 2);
  expect(form, "requests", after.alloc_histogram.buckets[5] - before.alloc_histogram.buckets[5], 0); // of 33 bytes
}

} // namespace

int main(int argc, char **) {
  if (!heapster_heap_find("malloc") && heapster_hook("malloc")) return 1;
  const bool has_own_operators = argc > 1;
  rlimit memory;
  getrlimit(RLIMIT_AS, &memory);
  limit = memory.rlim_max;
  const bool obeys_limit = is_limit_obeyed();
  for (const form &form : forms) {
    for (std::size_t each : sizes) {
      if (each >= 17 || !has_own_operators) count_size(form, each);
    }
    const bool runs_handler = form.throws || !has_own_operators; // mimalloc's nothrow forms run none
    refuse(form, "without a handler", "bad_alloc");
    calls = 0;
    std::set_new_handler(give_up);
    refuse(form, "a handler that gives up", "bad_alloc");
    if (runs_handler) expect(form, "calls of it", calls, 3);
    std::set_new_handler(throw_bad_alloc);
    refuse(form, "a handler that throws", "bad_alloc");
    std::set_new_handler(nullptr);
    // Other allocators keep the address space of the first.
    if (obeys_limit && (!has_own_operators || &form == forms)) serve_late(form);
  }
#ifdef __GLIBCXX__
  for (std::size_t alignment : odd_alignments) {
    if (!has_own_operators) refuse_alignment(alignment);
  }
#endif
  if (!obeys_limit && !failures) return 77;
  return failures != 0;
}
