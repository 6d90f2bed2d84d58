#!/bin/bash
set -eu
install -d "$PREFIX/bin"
"$CC" $CPPFLAGS $CFLAGS -o "$PREFIX/bin/adler" main.c $LDFLAGS -ladler
