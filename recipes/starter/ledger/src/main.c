#include <ledger.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
    ledger *account = ledger_open();
    if (!account) return fprintf(stderr, "ledger: out of memory\n"), 1;
    for (int i = 1; i < count; i++) ledger_post(account, strtol(words[i], NULL, 10));
    printf("balance %ld, typical entry %ld\n", ledger_balance(account), ledger_typical(account));
    ledger_close(account);
    return 0;
}
