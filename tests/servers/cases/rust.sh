# A Rust server (tokio): the DNS server of containers, asked over UDP and TCP.
# packages: aardvark-dns
# needs: /usr/lib/podman/aardvark-dns perl
mkdir -p /tmp/names
printf '127.0.0.1\n0123456789abcdef 10.88.0.2  web,server\n' >/tmp/names/podman
(/usr/lib/podman/aardvark-dns --config /tmp/names -p 5300 run </dev/null >/tmp/log 2>&1 &)
exec perl -MIO::Socket::INET -e '
  sub ask {
    my ($name, $type) = @_;
    return pack("n6", 7, 0x100, 1, 0, 0, 0) . join("", map { chr(length) . $_ } split /\./, $name) . "\0" . pack("nn", $type, 1);
  }
  sub address { my $a = shift; my $n = unpack "n", substr $a, 6, 2; return $n ? join(".", unpack "C4", substr $a, -4) : "none" }
  my $answer;
  for (1 .. 600) {
    my $u = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1:5300");
    $u->send(ask("web.dns.podman", 1));
    vec(my $r, fileno($u), 1) = 1;
    last if select($r, undef, undef, 0.1) && defined $u->recv($answer, 1000) && length $answer;
    select undef, undef, undef, 0.05;
  }
  print "udp ", address($answer), "\n";
  my $u = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1:5300");
  $u->send(ask("server.dns.podman", 1)); $u->recv($answer, 1000); print "again ", address($answer), "\n";
'
