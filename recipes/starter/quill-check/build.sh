#!/bin/bash
set -eu
install -d "$PREFIX/bin"
"$CC" $CPPFLAGS $CFLAGS -o "$PREFIX/bin/quill-check" main.c $LDFLAGS -lquill
