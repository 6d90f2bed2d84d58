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
    tally_add(&t, a, 1);
    tally_add(&t, b, 1);
    return (long)tally_mean(&t);
}

int main(void) {
    tally t;
    tally_start(&t);
    expect("the mean of nothing", (long)tally_mean(&t), 0);
    tally_add(&t, 4, 1);
    tally_add(&t, 5, 1);
    tally_add(&t, 9, 1);
    expect("the sum", (long)tally_sum(&t), 18);
    expect("the count", (long)tally_count(&t), 3);
    expect("the mean", (long)tally_mean(&t), 6);
    expect("the largest", (long)tally_largest(&t), 9);
    tally_add(&t, 2, 6);
    expect("six twos more", (long)tally_count(&t), 9);
    expect("a half goes away from zero", mean_of_two(2, 3), 3);
    expect("below zero too", mean_of_two(-2, -3), -3);
    if (failures == 0) printf("libtally: all is well\n");
    return failures != 0;
}
