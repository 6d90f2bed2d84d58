/* libtally: running sums and means of whole numbers. */
#ifndef TALLY_H
#define TALLY_H

#define TALLY_VERSION_MAJOR 1

typedef struct tally {
    long sum;
    long count;
} tally;

void tally_start(tally *t);
void tally_add(tally *t, long value);
long tally_sum(const tally *t);
long tally_count(const tally *t);

/* The mean, rounded to a whole number; a half goes away from zero. 0 when nothing was added. */
long tally_mean(const tally *t);

#endif
