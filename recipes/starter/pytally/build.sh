#!/bin/bash
set -eu
headers=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')
suffix=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
if [ "$(uname)" = Darwin ]; then
    module="-bundle -undefined dynamic_lookup"
else
    module=-shared
fi
"$CC" $CPPFLAGS $CFLAGS -I. -I"$headers" $module -o "$SP_DIR/pytally$suffix" pytally.c $LDFLAGS -ltally
