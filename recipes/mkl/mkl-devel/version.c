/* Compiles against the headers, links through the unversioned name, and asks the library who it is. */
#include <mkl.h>
#include <stdio.h>

int main(void) {
  char words[198];
  double x[3] = {1, 2, 3};
  mkl_get_version_string(words, sizeof words);
  puts(words);
  return cblas_ddot(3, x, 1, x, 1) == 14.0 ? 0 : 1;
}
