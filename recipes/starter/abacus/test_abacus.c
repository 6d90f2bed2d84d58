/* The unit test of libabacus, built and run against the installed package. */
#include <abacus.h>
#include <stdio.h>

int main(void) {
    long amounts[] = {10, 20, 60};
    abacus_result result;
    if (!abacus_work(amounts, 3, &result)) return 2;
    printf("libabacus: balance %ld, typical entry %ld\n", result.balance, result.typical);
    return !(result.balance == 90 && result.typical == 30);
}
