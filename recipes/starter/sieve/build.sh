#!/bin/bash
set -eu
install -d "$PREFIX/bin"
"$CC" $CPPFLAGS $CFLAGS -o "$PREFIX/bin/sieve" sieve.c $LDFLAGS
