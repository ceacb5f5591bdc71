# What the tools say of interfaces, routes and sockets, and a ping.
# packages: iproute2 iputils-ping
# needs: ip ss ping
ip -o addr show lo | sed 's/  */ /g'
ip route get 127.0.0.1 | head -n 1 | sed 's/ *uid.*//; s/ *$//'
ip -6 route get ::1 | grep -o 'dev lo'
ping -c 2 -i 0.2 -q 127.0.0.1 | grep transmitted | sed 's/, time.*//'
ping -6 -c 1 -q ::1 | grep transmitted | sed 's/, time.*//'
ping -c 1 -q 203.0.113.1 2>&1
perl -MIO::Socket::INET -e '
  my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:7000", ReuseAddr => 1);
  my $c = IO::Socket::INET->new("127.0.0.1:7000"); my $s = $l->accept;
  my $u = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1:7001");
  system "ss -Htln | sed \"s/  */ /g; s/ *\$//\"; ss -Htn state established dport = :7000 | wc -l; ss -Huln | sed \"s/  */ /g; s/ *\$//\"; wc -l </proc/net/tcp; wc -l </proc/net/udp"'
getent hosts localhost >/dev/null && echo resolved
