# Compiles a library and a program on it, and runs the program.
set -eu
printf 'int answer(void) { return 42; }\n' > answer.c
printf 'int answer(void);\nint main(void) { return answer() == 42 ? 0 : 1; }\n' > ask.c
host-cc-shared libanswer 3.1.0 answer.c
"$CC" $CPPFLAGS $CFLAGS -o ask ask.c $LDFLAGS -lanswer
./ask
test -e "$PREFIX/lib/libanswer.so.3" || test -e "$PREFIX/lib/libanswer.3.dylib"
