/* Adds up the whole numbers on the standard input. They are kept until the end in an array that tbbmalloc grows. */
#include <stdio.h>
#include <tbb/scalable_allocator.h>

int main(void) {
  size_t count = 0, room = 0;
  long long *numbers = NULL, sum = 0;
  int read;
  for (long long number; (read = scanf("%lld", &number)) == 1; numbers[count++] = number)
    if (count == room) {
      room = room ? 2 * room : 16;
      numbers = scalable_realloc(numbers, room * sizeof *numbers);
      if (!numbers) return 2;
    }
  if (read != EOF) {
    fputs("scalable-sum: only whole numbers can be added\n", stderr);
    return 1;
  }
  for (size_t at = 0; at < count; at++) sum += numbers[at];
  printf("%zu %lld\n", count, sum);
  scalable_free(numbers);
  return 0;
}
