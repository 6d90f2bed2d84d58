#!/bin/bash
set -eu
cp -R tallybook "$SP_DIR/"
info=$SP_DIR/tallybook-$PKG_VERSION.dist-info
mkdir "$info"
printf 'Metadata-Version: 2.1\nName: tallybook\nVersion: %s\n' "$PKG_VERSION" > "$info/METADATA"
printf 'conda\n' > "$info/INSTALLER"
