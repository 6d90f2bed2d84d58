#!/bin/bash
set -eu
install -d "$PREFIX/bin"
"$CC" $CPPFLAGS $CFLAGS -o "$PREFIX/bin/split-bill" main.c $LDFLAGS -lledger
