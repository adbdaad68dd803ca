// operator new with malloc hooked at run time over glibc: are the sizes those that the program asked for?
#include <heapster/heapster.h>

#include <memory_resource>
#include <new>

#include "verdict.h"

int main() {
  must(!heapster_hook("malloc"));
  heapster_window window;
  static heapster_stats stats;
  heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window);
  void *plain = ::operator new(0), *aligned = ::operator new(65, std::align_val_t(64));
  void *resource = std::pmr::new_delete_resource()->allocate(33, 1);
  heapster_window_end(window, &stats);
  ::operator delete(plain);
  ::operator delete(aligned, std::align_val_t(64));
  std::pmr::new_delete_resource()->deallocate(resource, 33, 1);
  return verdict(stats.alloc_count == 3 && stats.alloc_sum == 0 + 65 + 33, "%lu bytes in %lu requests",
                 static_cast<unsigned long>(stats.alloc_sum), static_cast<unsigned long>(stats.alloc_count));
}
