set -eu
printf a > one
printf Wikipedia > two
printf '00620062  one\n11e60398  two\n' > wanted
adler-report one two > got
diff wanted got
