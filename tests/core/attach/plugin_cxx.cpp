// A library of C++ that is opened late, and brings the C++ library with it.
#include <cstddef>
#include <new>

namespace {
constexpr std::align_val_t line{64};
}

extern "C" void *plugin_allocate(std::size_t size) {
  try {
    return ::operator new(size, line);
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

extern "C" void plugin_free(void *block) { ::operator delete(block, line); }
