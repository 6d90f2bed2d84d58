#include "adler.h"

uint32_t adler_update(uint32_t sum, const void *data, size_t size) {
    const unsigned char *byte = data;
    uint32_t a = sum & 0xffff, b = sum >> 16;
    while (size--) {
        a = (a + *byte++) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}
