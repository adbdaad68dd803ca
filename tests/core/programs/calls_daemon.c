/* Asks for 1000 bytes, becomes a daemon by daemon(3), whose parent ends inside the C library, then asks for 1 MiB. */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  free(malloc(1000));
  if (daemon(0, 0) != 0) return 1;
  free(malloc(1 << 20));
  return 0;
}
