/* libquill: break text into lines. */
#ifndef QUILL_H
#define QUILL_H

/* Turns blanks of `text` into line ends, in place, so that no line is longer than `width` where a blank allows it. */
void quill_wrap(char *text, int width);

#endif
