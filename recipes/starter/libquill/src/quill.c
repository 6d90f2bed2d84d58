#include "quill.h"

#include <stddef.h>

void quill_wrap(char *text, int width) {
    char *blank = NULL, *start = text;
    for (char *at = text; *at; at++) {
        if (*at == '\n') {
            start = at + 1;
            blank = NULL;
            continue;
        }
        if (*at == ' ') {
            blank = at;
        } else if (at - start >= width && blank) {
            *blank = '\n';
            start = blank + 1;
            blank = NULL;
        }
    }
}
