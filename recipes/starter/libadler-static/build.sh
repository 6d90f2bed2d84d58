#!/bin/bash
set -eu
install -d "$PREFIX/lib" "$PREFIX/include"
"$CC" $CPPFLAGS $CFLAGS -I. -c adler.c
host-ar "$PREFIX/lib/libadler.a" adler.o
install -m 644 adler.h "$PREFIX/include/"
