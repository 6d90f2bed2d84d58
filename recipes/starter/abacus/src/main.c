#include <abacus.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
    long *amounts = calloc((size_t)count, sizeof *amounts);
    abacus_result result;
    for (int i = 1; amounts && i < count; i++) amounts[i - 1] = strtol(words[i], NULL, 10);
    if (!amounts || !abacus_work(amounts, count - 1, &result)) return fprintf(stderr, "abacus: out of memory\n"), 1;
    free(amounts);
    printf("balance %ld, typical entry %ld\n", result.balance, result.typical);
    return 0;
}
