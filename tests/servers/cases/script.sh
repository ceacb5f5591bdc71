# script(1), expect, setsid: programs that make a terminal for others.
# packages: expect bsdutils
# needs: script expect
script -qec 'tty | sed "s/[0-9].*/N/"; stty size | wc -w; echo typed: $(cat)' /tmp/typescript </dev/null | tr -d '\r\004' | sed 's/^\^D//'
echo "status of a command: $(script -qec 'exit 3' /dev/null </dev/null >/dev/null; echo $?)"
expect -c '
  log_user 0
  set timeout 60
  spawn bash --norc --noprofile
  send "PS1=ready\\>; stty -echo\r"
  expect "ready>"
  send "expr 6 \\* 7\r"
  expect -re {(\d+)\r\n}
  puts "expr said $expect_out(1,string)"
  expect "ready>"
  send "cat\rline\r"
  expect "line"
  send "\003"
  expect "ready>"
  send "echo interrupted: \$?\r"
  expect -re {interrupted: (\d+)}
  puts "interrupted: $expect_out(1,string)"
  send "exit 4\r"
  expect eof
  puts "exit: [lindex [wait] 3]"'
