/* libabacus: work through a column of amounts. */
#ifndef ABACUS_H
#define ABACUS_H

typedef struct abacus_result {
    long balance, typical;
} abacus_result;

/* 1 with the result filled in, 0 when memory is out. */
int abacus_work(const long *amounts, int count, abacus_result *result);

#endif
