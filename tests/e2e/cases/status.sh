# The exit status is the payload's; 128+n for signal n; 125, 126, 127 as docker has them.
in_guest "$R" /bin/echo hello
expect "echo" "0 hello" "$status $out"
expect "echo's stderr" "" "$err"
in_guest "$R" echo -n hello
expect "a name is looked up in PATH" "0 hello" "$status $out"
in_guest "$R" /bin/sh -c 'exit 7'
expect "exit 7" 7 "$status"
in_guest "$R" /bin/sh -c 'kill -9 $$'
expect "kill -9" 137 "$status"
in_guest "$R" /bin/sh -c 'kill -TERM $$'
expect "kill -TERM" 143 "$status"
in_guest "$R" /bin/sh -c 'kill -SEGV $$'
expect "kill -SEGV" 139 "$status"
in_guest "$R" /no/such/command
expect "a command that is not there" 127 "$status"
expect "says it in one line" 1 "$(printf '%s\n' "$err" | wc -l)"
in_guest "$R" no-such-command
expect "a command that is not in PATH" 127 "$status"
in_guest "$R" /etc/passwd
expect "a file that is not executable" 126 "$status"
in_guest "$R" /etc
expect "a directory" 126 "$status"
in_guest --no-such-option "$R" true
expect "an unknown option" 125 "$status"
in_guest -e A=1 -e B='two words' -w /etc -u 1000:1000 --hostname box "$R" sh -c 'echo "$A $B $(pwd) $(id -u):$(id -g) $(hostname)"; ls passwd'
expect "options" "1 two words /etc 1000:1000 box
passwd" "$out"
in_guest "$R" sh -c 'for word; do echo "[$word]"; done' name 'a b' '' "it's" '--option'
expect "arguments" "[a b]
[]
[it's]
[--option]" "$out"
