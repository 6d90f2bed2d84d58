# Sourced when an environment with host-cc is activated. PREFIX is where the package under construction goes (set by the
# builder and in tests); in a plain environment it is the environment itself.
export CC="$CONDA_PREFIX/bin/host-cc"
export CPPFLAGS="-I${PREFIX:-$CONDA_PREFIX}/include"
export CFLAGS="-O2 -fPIC -Wall -Wextra"
export LDFLAGS="-L${PREFIX:-$CONDA_PREFIX}/lib -Wl,-rpath,${PREFIX:-$CONDA_PREFIX}/lib"
if [ "$(uname)" = Darwin ]; then
    export LDFLAGS="$LDFLAGS -Wl,-headerpad_max_install_names"
fi
