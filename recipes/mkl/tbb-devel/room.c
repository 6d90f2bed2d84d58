/* Compiles against the headers, links through the unversioned name, and gets as much room as it asks for. */
#include <tbb/scalable_allocator.h>

int main(void) {
  void *block = scalable_malloc(1 << 20);
  size_t room = scalable_msize(block);
  scalable_free(block);
  return room >= 1 << 20 ? 0 : 1;
}
