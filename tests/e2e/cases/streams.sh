# Standard input, output and error are three streams, whole and in order, whatever their size.
in_two=$(printf 'b\na\n' | husk_run "$R" sh -c 'sort | tee /tmp/x; wc -l < /tmp/x >&2' 2>"$WORK/two.err")
expect "sorted" "a
b" "$in_two"
expect "the other stream" 2 "$(tr -d ' ' <"$WORK/two.err")"

bytes=$(long 100000000)
wanted=$(head -c "$bytes" /dev/zero | md5sum)
expect "$bytes bytes inside" "$wanted" "$(husk_run "$R" sh -c "head -c $bytes /dev/zero | md5sum")"
expect "$bytes bytes of output" "$wanted" "$(husk_run "$R" head -c "$bytes" /dev/zero | md5sum)"
expect "$bytes bytes of errors" "$wanted" "$(husk_run "$R" sh -c "head -c $bytes /dev/zero >&2" 2>&1 >/dev/null | md5sum)"
expect "$bytes bytes of input" "$wanted" "$(head -c "$bytes" /dev/zero | husk_run "$R" md5sum)"
pattern=$(seq 20000 | md5sum)
expect "in order" "$pattern" "$(husk_run "$R" seq 20000 | md5sum)"
expect "through" "$pattern" "$(seq 20000 | husk_run "$R" cat | md5sum)"

# A pipe in the guest opens by its name in /proc, and so do the standard streams.
in_guest "$R" sh -c 'echo hi | cat /dev/stdin; echo sourced | cat /dev/fd/0; echo three | { cat /proc/self/fd/3 3<&0; }'
expect "pipes by name" "hi
sourced
three" "$out"
expect "standard input by name" "by name" "$(echo by name | husk_run "$R" cat /dev/stdin)"

# A reader that goes away ends the writer, and husk.
expect "closed pipe" "y" "$(husk_run "$R" yes 2>/dev/null | head -n 1)"
in_guest "$R" sh -c 'cat; echo end'
expect "no input" "end" "$out"
expect "output closed from the start" 0 "$(husk_run "$R" true >&- 2>/dev/null; echo $?)"
expect "input not read" 0 "$(yes | husk_run "$R" true; echo $?)"

# A stream that husk is started without is /dev/null, and not the next file that husk opens: the image, /dev/kvm, --stats.
expect "no standard input: nothing to read" 0 "$(husk_run "$R" cat 0<&- | wc -c | tr -d ' ')"
husk_run --stats "$WORK/stats" "$R" sh -c 'echo words; echo words >&2' >&- 2>&-
expect "no standard output and error: status" 0 $?
expect "no standard output and error: the file of --stats" 0 "$(grep -c words "$WORK/stats")"

# What the caller's limits are is nothing that ends a VM, or keeps it busy.
expect "a large limit for stacks" "a line" "$(ulimit -s 1000000 2>/dev/null; echo 'a line' | husk_run "$R" cat)"
