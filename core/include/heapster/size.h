/* Sizes as text. */
#ifndef HEAPSTER_SIZE_H
#define HEAPSTER_SIZE_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes from "4096", "64 KiB", "1.5MiB", "10 kB": a number, then a unit or none. B, KiB, MiB and so on to EiB are
   powers of 1024; kB, MB and so on to EB are powers of 1000; case does not matter, a fraction of a byte is cut.
   HEAPSTER_BAD_SIZE, and `bytes` untouched, for anything else: NULL, a sign, an unknown unit, more than 2^63 - 1. */
HEAPSTER_API enum heapster_error heapster_size_parse(const char *text, uint64_t *bytes) HEAPSTER_NOEXCEPT;

/* `bytes` for people: "4 B", "64 KiB", "2.45 KiB": two decimals unless whole. Writes at most HEAPSTER_SIZE_TEXT bytes
   with the final NUL and returns the length without it. */
enum { HEAPSTER_SIZE_TEXT = 16 };
HEAPSTER_API size_t heapster_size_text(uint64_t bytes, char text[HEAPSTER_SIZE_TEXT]) HEAPSTER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
