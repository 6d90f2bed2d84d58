#!/bin/bash
set -eu
host-cc-shared libledger "$PKG_VERSION" ledger.c -I. -ltally
install -d "$PREFIX/include"
install -m 644 ledger.h "$PREFIX/include/"
