#!/bin/bash
set -eu
host-cc-shared libquill "$PKG_VERSION" quill.c -I.
install -d "$PREFIX/include"
install -m 644 quill.h "$PREFIX/include/"
