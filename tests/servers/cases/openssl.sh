# openssl's own server and client.
# packages: openssl
# needs: openssl
cd /tmp || exit
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 3000 -subj /CN=localhost 2>/dev/null
openssl s_server -accept 127.0.0.1:4433 -key key.pem -cert cert.pem -rev -quiet >server 2>&1 &
server=$!
until echo x | openssl s_client -connect 127.0.0.1:4433 -quiet -no_ign_eof >/dev/null 2>&1; do sleep 0.05; done
for version in tls1_2 tls1_3; do
  : >answer
  (echo hello; until grep -q olleh answer; do sleep 0.05; done) |
    openssl s_client -connect 127.0.0.1:4433 -$version -CAfile cert.pem -verify_return_error >answer 2>/dev/null
  grep -E '^(olleh|Verify return|New, )' answer | sort -u
done
kill $server
openssl s_server -accept 4434 -4 -key key.pem -cert cert.pem -WWW -quiet >/dev/null 2>&1 &
server=$!
lines=10000
[ -z "${SHORT:-}" ] || lines=1000
seq $lines >page
until echo x | openssl s_client -connect 127.0.0.1:4434 -quiet -no_ign_eof >/dev/null 2>&1; do sleep 0.05; done
printf 'GET /page HTTP/1.0\r\n\r\n' | openssl s_client -connect 127.0.0.1:4434 -quiet -ign_eof 2>/dev/null | tail -n $lines | md5sum
kill $server
