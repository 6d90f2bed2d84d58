/* minivec: a growing array of whole numbers, in one header. */
#ifndef MINIVEC_H
#define MINIVEC_H

#include <stdlib.h>

typedef struct minivec {
    long *items;
    size_t size, room;
} minivec;

/* 1 when the value was added, 0 when memory is out (and the array is as it was). */
static inline int minivec_push(minivec *v, long value) {
    if (v->size == v->room) {
        size_t room = v->room ? 2 * v->room : 8;
        long *items = realloc(v->items, room * sizeof *items);
        if (!items) return 0;
        v->items = items;
        v->room = room;
    }
    v->items[v->size++] = value;
    return 1;
}

static inline void minivec_free(minivec *v) {
    free(v->items);
    *v = (minivec){0};
}

#endif
