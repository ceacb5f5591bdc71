# A shell script with many processes; the tools that look at the system.
count=$(long 200)
[ "$count" -ge 5 ] || count=5
in_guest "$R" sh -c "for i in \$(seq $count); do /bin/true; done; ls -l /; ps; cat /proc/meminfo; uname -a"
expect "status" 0 "$status"
expect_match "ls -l /" "*etc*tmp*" "$out"
expect_match "ps" "*PID*ps*" "$out"
expect_match "meminfo" "*MemTotal:*kB*MemFree:*" "$out"
expect_match "uname -a" "*Linux husk *x86_64*" "$out"
expect "nothing on stderr" "" "$err"

before=$(date +%s)
in_guest "$R" sleep 2
after=$(date +%s)
expect "sleep 2" 0 "$status"
[ $((after - before)) -ge 2 ] || expect "sleep 2 sleeps" "2 seconds at least" "$((after - before)) seconds"

in_guest "$R" sh -c 'echo one >/etc/new; echo two >>/etc/passwd; rm /etc/group; mkdir /data; mv /etc/hosts /data/; cat /etc/new; tail -n 1 /etc/passwd; ls /etc/group /data'
expect_match "changes are seen" "one
two
/data:
hosts" "$out"
[ ! -e "$R/etc/new" ] && [ -e "$R/etc/group" ] || expect "the image directory" "untouched" "changed"
in_guest "$R" sh -c 'ls /etc/new /data 2>/dev/null; ls /etc/group'
expect "changes vanish with the VM" "/etc/group" "$out"
in_guest "$R" sh -c 'a=$(seq 100 | grep 7 | sort -rn | head -n 3 | tr "\n" ,); echo $a; (exit 3) || echo caught $?; echo $((6 * 7)); sh -c "sleep 0.1 & wait; echo waited"'
expect "pipelines" "97,87,79,
caught 3
42
waited" "$out"
