/* libadler: the Adler-32 checksum (RFC 1950). */
#ifndef ADLER_H
#define ADLER_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from a checksum; the checksum of nothing is 1. */
uint32_t adler_update(uint32_t sum, const void *data, size_t size);

#endif
