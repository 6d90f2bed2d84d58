#!/bin/bash
set -eu
./host-cc --version   # a machine without a compiler learns it here, in words
install -d "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
install -m 755 host-cc host-cc-shared host-ar host-zig "$PREFIX/bin/"
install -m 644 activate.sh "$PREFIX/etc/conda/activate.d/host-cc.sh"
install -m 644 deactivate.sh "$PREFIX/etc/conda/deactivate.d/host-cc.sh"
