# A Go server: files, a reverse proxy, TLS with a certificate of its own, its admin socket.
# packages: caddy curl
# needs: caddy curl
export HOME=/tmp XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/tmp
mkdir -p /tmp/www
seq 50000 >/tmp/www/numbers
cat >/tmp/Caddyfile <<'END'
{
  admin 127.0.0.1:2019
  auto_https disable_redirects
  skip_install_trust
}
http://localhost:8080 {
  handle /answer { 
    respond "answered"
  }
  root * /tmp/www
  file_server browse
}
http://localhost:8081 {
  reverse_proxy 127.0.0.1:8080 {
    header_up Host localhost:8080
    transport http {
      dial_timeout 60s
    }
  }
}
https://localhost:8443 {
  tls internal
  respond "over TLS"
}
END
caddy start --config /tmp/Caddyfile --adapter caddyfile >/dev/null 2>/tmp/log || cat /tmp/log
curl -s http://localhost:8080/answer; echo
curl -s http://localhost:8080/numbers | md5sum
curl -s http://localhost:8081/numbers | md5sum
curl -sk https://localhost:8443/; echo
curl -sk --http1.1 https://localhost:8443/; echo
clients=8
[ -z "${SHORT:-}" ] || clients=2
for _ in $(seq $clients); do curl -s http://localhost:8081/numbers & done | wc -l
curl -s -o /dev/null -w '%{http_code}\n' http://localhost:8080/none
curl -s http://127.0.0.1:2019/config/apps/http/servers | grep -o '"listen":\["[^"]*"' | sort
caddy stop 2>/dev/null
curl -s http://localhost:8080/ || echo "curl: $?"
