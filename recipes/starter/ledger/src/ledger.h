/* libledger: accounts with a balance and a typical entry. */
#ifndef LEDGER_H
#define LEDGER_H

typedef struct ledger ledger;

ledger *ledger_open(void); /* NULL when memory is out */
void ledger_close(ledger *account);
void ledger_post(ledger *account, long amount);
long ledger_balance(const ledger *account);
long ledger_typical(const ledger *account); /* the mean entry */

#endif
