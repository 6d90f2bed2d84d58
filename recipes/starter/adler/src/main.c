#include <adler.h>
#include <stdio.h>

int main(void) {
    unsigned char block[4096];
    uint32_t sum = 1;
    size_t size;
    while ((size = fread(block, 1, sizeof block, stdin)) > 0) sum = adler_update(sum, block, size);
    if (ferror(stdin)) {
        perror("adler: standard input");
        return 1;
    }
    printf("%08x\n", sum);
    return 0;
}
