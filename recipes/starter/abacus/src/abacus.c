#include "abacus.h"

#include <ledger.h>

int abacus_work(const long *amounts, int count, abacus_result *result) {
    ledger *account = ledger_open();
    if (!account) return 0;
    for (int i = 0; i < count; i++) ledger_post(account, amounts[i]);
    *result = (abacus_result){ledger_balance(account), ledger_typical(account)};
    ledger_close(account);
    return 1;
}
