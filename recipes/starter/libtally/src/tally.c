#include "tally.h"

void tally_start(tally *t) {
    t->sum = 0;
    t->count = 0;
}

void tally_add(tally *t, long value) {
    t->sum += value;
    t->count += 1;
}

long tally_sum(const tally *t) { return t->sum; }

long tally_count(const tally *t) { return t->count; }

long tally_mean(const tally *t) {
    if (t->count == 0) return 0;
    long half = t->count / 2;
    return (t->sum + (t->sum < 0 ? -half : half)) / t->count;
}
