/* The unit test of minivec, built and run against the installed package. */
#include <minivec.h>
#include <stdio.h>

int main(void) {
    minivec v = {0};
    for (long i = 0; i < 1000; i++)
        if (!minivec_push(&v, i * i)) return 2;
    int right = v.size == 1000 && v.items[999] == 998001;
    minivec_free(&v);
    if (!right || v.size || v.items) return printf("FAIL: what was pushed is not what is there\n"), 1;
    return 0;
}
