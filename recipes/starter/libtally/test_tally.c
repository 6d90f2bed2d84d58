/* The unit test of libtally, built and run against the installed package. */
#include <stdio.h>
#include <tally.h>

static int failures = 0;

static void expect(const char *what, long got, long wanted) {
    if (got == wanted) return;
    printf("FAIL: %s: got %ld, wanted %ld\n", what, got, wanted);
    failures++;
}

static long mean_of_two(long a, long b) {
    tally t;
    tally_start(&t);
    tally_add(&t, a);
    tally_add(&t, b);
    return tally_mean(&t);
}

int main(void) {
    tally t;
    tally_start(&t);
    expect("the mean of nothing", tally_mean(&t), 0);
    tally_add(&t, 4);
    tally_add(&t, 5);
    tally_add(&t, 9);
    expect("the sum", tally_sum(&t), 18);
    expect("the count", tally_count(&t), 3);
    expect("the mean", tally_mean(&t), 6);
    expect("a half goes away from zero", mean_of_two(2, 3), 3);
    expect("below zero too", mean_of_two(-2, -3), -3);
    if (failures == 0) printf("libtally: all is well\n");
    return failures != 0;
}
