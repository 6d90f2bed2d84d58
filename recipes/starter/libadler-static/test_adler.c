/* The unit test of libadler, built and run against the installed package. */
#include <adler.h>
#include <stdio.h>
#include <string.h>

static int wrong(const char *text, uint32_t wanted) {
    uint32_t got = adler_update(1, text, strlen(text));
    if (got != wanted) printf("FAIL: \"%s\": got %08x, wanted %08x\n", text, got, wanted);
    return got != wanted;
}

int main(void) { return wrong("", 1) | wrong("a", 0x00620062) | wrong("Wikipedia", 0x11e60398); }
