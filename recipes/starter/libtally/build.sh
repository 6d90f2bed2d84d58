#!/bin/bash
set -eu
host-cc-shared libtally "$PKG_VERSION" tally.c -I.
install -d "$PREFIX/include"
install -m 644 tally.h "$PREFIX/include/"
