/* quill-check: check libquill. quill-check WIDTH: wrap standard input. */
#include <quill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wrong(const char *text, int width, const char *wanted) {
    char got[200];
    snprintf(got, sizeof got, "%s", text);
    quill_wrap(got, width);
    if (strcmp(got, wanted) == 0) return 0;
    printf("FAIL: \"%s\" at %d: got \"%s\", wanted \"%s\"\n", text, width, got, wanted);
    return 1;
}

int main(int count, char **words) {
    char text[4096];
    if (count == 1) {
        int failures = wrong("", 5, "") + wrong("short", 10, "short") + wrong("a bc def", 4, "a bc\ndef") +
                       wrong("unbreakable", 4, "unbreakable") + wrong("kept\nas is", 5, "kept\nas is");
        printf("quill-check: %d of 5 wrong\n", failures);
        return failures != 0;
    }
    text[fread(text, 1, sizeof text - 1, stdin)] = '\0';
    quill_wrap(text, atoi(words[1]));
    fputs(text, stdout);
    return 0;
}
