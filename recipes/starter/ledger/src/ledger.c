#include "ledger.h"

#include <stdlib.h>
#include <tally.h>

/* libtally 2 counts repeated values in one call. */
#if TALLY_VERSION_MAJOR >= 2
#define POST(t, amount) tally_add((t), (amount), 1)
#else
#define POST(t, amount) tally_add((t), (amount))
#endif

struct ledger {
    tally entries;
};

ledger *ledger_open(void) {
    ledger *account = malloc(sizeof *account);
    if (account) tally_start(&account->entries);
    return account;
}

void ledger_close(ledger *account) { free(account); }

void ledger_post(ledger *account, long amount) { POST(&account->entries, amount); }

long ledger_balance(const ledger *account) { return (long)tally_sum(&account->entries); }

long ledger_typical(const ledger *account) { return (long)tally_mean(&account->entries); }
