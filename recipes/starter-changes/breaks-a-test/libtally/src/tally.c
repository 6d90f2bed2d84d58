#include "tally.h"

void tally_start(tally *t) {
    t->sum = 0;
    t->count = 0;
    t->largest = 0;
}

void tally_add(tally *t, int64_t value, unsigned times) {
    if (times == 0) return;
    if (t->count == 0 || value > t->largest) t->largest = value;
    t->sum += value * (int64_t)times;
    t->count += times;
}

int64_t tally_sum(const tally *t) { return t->sum; }

uint64_t tally_count(const tally *t) { return t->count; }

int64_t tally_largest(const tally *t) { return t->largest; }

int64_t tally_mean(const tally *t) {
    if (t->count == 0) return 0;
    int64_t count = (int64_t)t->count, whole = t->sum / count, rest = t->sum % count;
    int64_t step = t->sum < 0 ? -1 : 1, twice = 2 * rest * step;
    if (twice > count || (twice == count && whole % 2 != 0)) whole += step;
    return whole;
}
