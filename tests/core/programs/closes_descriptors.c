/* Allocates, closes every descriptor, and exits. */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  free(malloc(100));
  closefrom(0);
  return 0;
}
