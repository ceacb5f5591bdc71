# memcached: threads with libevent over TCP, UDP and a Unix socket.
# packages: memcached
# needs: memcached perl
memcached -u root -l 127.0.0.1 -p 11300 -U 11300 -d -P /tmp/pid
(memcached -u root -s /tmp/memcached.socket -d -P /tmp/pid2)
until [ -S /tmp/memcached.socket ]; do sleep 0.05; done
exec perl -e '
  use strict; use IO::Socket::INET; use IO::Socket::UNIX; use Socket;
  my $n = $ENV{SHORT} ? 10 : 1000;
  my $tcp;
  until ($tcp = IO::Socket::INET->new("127.0.0.1:11300")) { select undef, undef, undef, 0.05 }
  for my $s ($tcp, IO::Socket::UNIX->new("/tmp/memcached.socket")) {
    my $stored = 0;
    for my $i (1 .. $n) { print $s "set key$i 0 0 5\r\nvalue\r\n"; $stored++ if <$s> eq "STORED\r\n" }
    print "stored $stored\n";
    print $s "get key1 key2\r\nincr none 1\r\nset big 0 0 100000\r\n", "x" x 100000, "\r\nget big\r\n";
    for (1 .. 8) { my $line = <$s>; $line =~ s/\r\n//; print "$line\n" }
    my $line = <$s>; print length($line), " "; print scalar <$s>;
  }
  my $udp = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1:11300");
  $udp->send(pack("nnnn", 7, 0, 1, 0) . "get key1\r\n");
  $udp->recv(my $answer, 1000);
  print "udp: ", unpack("n", $answer), " ", substr($answer, 8);
' </dev/null
