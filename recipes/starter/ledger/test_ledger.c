/* The unit test of libledger, built and run against the installed package. */
#include <ledger.h>
#include <stdio.h>

int main(void) {
    ledger *account = ledger_open();
    if (!account) return 2;
    ledger_post(account, 120);
    ledger_post(account, -20);
    ledger_post(account, 50);
    long balance = ledger_balance(account), typical = ledger_typical(account);
    ledger_close(account);
    printf("libledger: balance %ld, typical entry %ld\n", balance, typical);
    if (balance != 150) return printf("FAIL: the balance is not 150\n"), 1;
    if (typical != 50) return printf("FAIL: the typical entry is not 50\n"), 1;
    return 0;
}
