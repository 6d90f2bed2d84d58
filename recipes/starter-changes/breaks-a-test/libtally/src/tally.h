/* libtally: running sums and means of whole numbers. */
#ifndef TALLY_H
#define TALLY_H

#include <stdint.h>

#define TALLY_VERSION_MAJOR 2

typedef struct tally {
    int64_t sum;
    uint64_t count;
    int64_t largest;
} tally;

void tally_start(tally *t);
void tally_add(tally *t, int64_t value, unsigned times);
int64_t tally_sum(const tally *t);
uint64_t tally_count(const tally *t);
int64_t tally_largest(const tally *t); /* 0 when nothing was added */

/* The mean, rounded to a whole number; a half goes to the even neighbour (since 2.1). 0 when nothing was added. */
int64_t tally_mean(const tally *t);

#endif
