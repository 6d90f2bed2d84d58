#include <ledger.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
    long people = count > 1 ? strtol(words[1], NULL, 10) : 0;
    ledger *bill = ledger_open();
    if (people < 1) return fprintf(stderr, "usage: split-bill PEOPLE AMOUNT...\n"), 2;
    if (!bill) return fprintf(stderr, "split-bill: out of memory\n"), 1;
    for (int i = 2; i < count; i++) ledger_post(bill, strtol(words[i], NULL, 10));
    printf("%ld by %ld is %ld\n", ledger_balance(bill), people, ledger_balance(bill) / people);
    ledger_close(bill);
    return 0;
}
