# Of standard input husk takes what the payload reads, and not a byte more: the rest is for whoever reads it next.
printf 'l1\nl2\nl3\n' >"$WORK/lines"
rest="l1
after: l2
l3"
expect "a pipe after husk" "$rest" "$(cat "$WORK/lines" | (husk_run "$R" sh -c 'read x; echo "$x"'; printf 'after: '; cat))"
expect "a file after husk" "$rest" "$( (husk_run "$R" sh -c 'read x; echo "$x"'; printf 'after: '; cat) <"$WORK/lines")"
expect "a pipe in blocks" "5 7" "$(head -c 12 /dev/zero | (husk_run "$R" sh -c 'dd bs=5 count=1 2>/dev/null | wc -c'; wc -c) | xargs)"

# A reader that went away before there was anything has taken nothing; poll(2) takes nothing either (read -t).
expect "after a reader that was killed" late \
  "$( (sleep 3; echo late) | (husk_run "$R" sh -c 'timeout 1 cat; sleep 4'; cat))"
expect "after a poll" late "$( (sleep 3; echo late) | (husk_run "$R" sh -c 'read -t 1 x; sleep 4'; cat))"
expect "a poll that finds something" "x y" \
  "$( (sleep 1; printf 'x\ny\n') | husk_run "$R" sh -c 'read -t 60 a; read -t 60 b; echo "$a $b"')"
expect "a reader that waits" late "$( (sleep 1; echo late) | husk_run "$R" cat)"
expect "two readers" "a b" "$( (sleep 1; echo a; sleep 1; echo b) |
  husk_run "$R" sh -c 'exec 3<&0; head -c 2 <&3 & head -c 2 <&3 & wait' | sort | xargs)"

# What cannot be read is an error, and no end of file.
status=0
husk_run "$R" cat </ >"$WORK/out" 2>"$WORK/err" || status=$?
expect_match "a directory" "1 *Is a directory" "$status $(cat "$WORK/err")"
status=0
husk_run "$R" cat 0>"$WORK/out" 2>"$WORK/err" || status=$?
expect_match "input that is open for writing" "1 *Bad file descriptor" "$status $(cat "$WORK/err")"
status=0
husk_run "$R" echo hi 1</dev/null 2>"$WORK/err" || status=$?
expect_match "output that is open for reading" "1 *Bad file descriptor" "$status $(cat "$WORK/err")"

# A file that may not grow any more: EFBIG and SIGXFSZ for the writer, and not for husk.
(ulimit -f 1 && husk_run "$R" sh -c 'head -c 100000 /dev/zero; echo $? >&2' >"$WORK/small" 2>"$WORK/err")
expect "the limit of file sizes: husk" 0 $?
expect "the limit of file sizes: the writer" 153 "$(tail -n 1 "$WORK/err")"
