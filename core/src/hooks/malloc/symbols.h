/* The public symbols of the malloc family and of C++'s operators, each named once. */
#ifndef HEAPSTER__MALLOC_SYMBOLS_H
#define HEAPSTER__MALLOC_SYMBOLS_H

/* The members of struct heapster__malloc_family, in its order. */
#define HEAPSTER__FAMILY_FUNCTIONS(X) \
  X(malloc)                           \
  X(calloc)                           \
  X(realloc)                          \
  X(free)                             \
  X(posix_memalign)                   \
  X(aligned_alloc)                    \
  X(memalign)                         \
  X(valloc)                           \
  X(pvalloc)

/* The forms of operator new: by their parameters PLAIN (size), ALIGNED (size, alignment), NOTHROW (size, nothrow) or
   ALIGNED_NOTHROW (size, alignment, nothrow). */
#define HEAPSTER__NEW_OPERATORS(X)                                                     \
  X(PLAIN, new_object, "_Znwm")                                                        \
  X(PLAIN, new_array, "_Znam")                                                         \
  X(ALIGNED, new_aligned_object, "_ZnwmSt11align_val_t")                               \
  X(ALIGNED, new_aligned_array, "_ZnamSt11align_val_t")                                \
  X(NOTHROW, new_nothrow_object, "_ZnwmRKSt9nothrow_t")                                \
  X(NOTHROW, new_nothrow_array, "_ZnamRKSt9nothrow_t")                                 \
  X(ALIGNED_NOTHROW, new_aligned_nothrow_object, "_ZnwmSt11align_val_tRKSt9nothrow_t") \
  X(ALIGNED_NOTHROW, new_aligned_nothrow_array, "_ZnamSt11align_val_tRKSt9nothrow_t")

/* The forms of operator delete. A size or an alignment after the block is not passed on, nor is that of C23's
   free_sized and free_aligned_sized: the allocator was given another size than the program knows. */
#define HEAPSTER__DELETE_OPERATORS(X)                                     \
  X(delete_object, "_ZdlPv")                                              \
  X(delete_array, "_ZdaPv")                                               \
  X(delete_sized_object, "_ZdlPvm")                                       \
  X(delete_sized_array, "_ZdaPvm")                                        \
  X(delete_nothrow_object, "_ZdlPvRKSt9nothrow_t")                        \
  X(delete_nothrow_array, "_ZdaPvRKSt9nothrow_t")                         \
  X(delete_aligned_object, "_ZdlPvSt11align_val_t")                       \
  X(delete_aligned_array, "_ZdaPvSt11align_val_t")                        \
  X(delete_sized_aligned_object, "_ZdlPvmSt11align_val_t")                \
  X(delete_sized_aligned_array, "_ZdaPvmSt11align_val_t")                 \
  X(delete_aligned_nothrow_object, "_ZdlPvSt11align_val_tRKSt9nothrow_t") \
  X(delete_aligned_nothrow_array, "_ZdaPvSt11align_val_tRKSt9nothrow_t")

#endif
