/* Reads "rows inner columns", then the two matrices row by row, and writes their product. */
#include <mkl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double *read_matrix(int count) {
  double *values = malloc(sizeof *values * (size_t)count);
  for (int i = 0; values && i < count; i++)
    if (scanf("%lf", &values[i]) != 1) {
      free(values);
      return NULL;
    }
  return values;
}

static int multiply(int rows, int inner, int columns) {
  double *a = read_matrix(rows * inner), *b = a ? read_matrix(inner * columns) : NULL;
  double *product = b ? calloc((size_t)(rows * columns), sizeof *product) : NULL;
  if (product) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, inner, 1.0, a, inner, b, columns, 0.0, product, columns);
    for (int i = 0; i < rows * columns; i++)
      printf("%g%c", product[i], (i + 1) % columns ? ' ' : '\n');
  }
  int failed = !product;
  free(product), free(b), free(a);
  return failed;
}

int main(int argc, char **argv) {
  int rows, inner, columns;
  if (argc > 1 && !strcmp(argv[1], "--version")) {
    char words[198];
    mkl_get_version_string(words, sizeof words);
    return puts(words) < 0;
  }
  if (scanf("%d %d %d", &rows, &inner, &columns) != 3 || rows < 1 || inner < 1 || columns < 1 || rows > 10000 || inner > 10000 || columns > 10000) {
    fputs("cblas-matmul: the input begins with three sizes from 1 to 10000: rows, inner, columns\n", stderr);
    return 1;
  }
  if (multiply(rows, inner, columns)) {
    fputs("cblas-matmul: the input holds fewer numbers than its sizes ask for\n", stderr);
    return 1;
  }
  return 0;
}
