#include <minivec.h>
#include <stdio.h>

static int is_prime(long n, const minivec *primes) {
    for (size_t i = 0; i < primes->size && primes->items[i] * primes->items[i] <= n; i++)
        if (n % primes->items[i] == 0) return 0;
    return 1;
}

int main(int count, char **words) {
    if (count != 2) return fprintf(stderr, "usage: sieve NUMBER\n"), 2;
    long last = strtol(words[1], NULL, 10);
    minivec primes = {0};
    for (long n = 2; n <= last; n++) {
        if (!is_prime(n, &primes)) continue;
        if (!minivec_push(&primes, n)) return fprintf(stderr, "sieve: out of memory\n"), 1;
        printf("%ld\n", n);
    }
    minivec_free(&primes);
    return 0;
}
