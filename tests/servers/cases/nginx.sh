# nginx with a master and two workers, curl and ab.
# packages: nginx-light curl apache2-utils procps
# needs: nginx curl ab
# Each look is a process, which is what takes long where instructions are emulated.
pause=0.05
[ -z "${SHORT:-}" ] || pause=1
requests=2000
lines=100000
[ -z "${SHORT:-}" ] || { requests=10; lines=5000; }
mkdir -p /tmp/www/sub
echo index >/tmp/www/index.html
seq $lines >/tmp/www/big
cat >/tmp/nginx.conf <<END
user root;
worker_processes 2;
pid /tmp/nginx.pid;
error_log /tmp/error.log;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  server {
    listen 8080;
    listen [::1]:8080;
    listen unix:/tmp/nginx.socket;
    root /tmp/www;
    location /sub/ { autoindex on; }
    location /proxied/ { proxy_pass http://127.0.0.1:8080/; }
    location /answer { return 200 "answered\n"; }
  }
}
END
nginx -c /tmp/nginx.conf
until curl -sf http://127.0.0.1:8080/ >/dev/null; do sleep $pause; done
curl -s http://127.0.0.1:8080/
curl -s 'http://[::1]:8080/answer'
curl -s --unix-socket /tmp/nginx.socket http://localhost/answer
curl -s http://localhost:8080/big | md5sum
curl -s http://127.0.0.1:8080/proxied/big | md5sum
curl -s -r 10-20 http://127.0.0.1:8080/big | md5sum
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/none
ab -q -k -n $requests -c 10 http://127.0.0.1:8080/ | grep -E '^(Complete|Failed|Keep-Alive|Document Length)'
ab -q -n $requests -c 10 http://127.0.0.1:8080/answer | grep -E '^(Complete|Failed|Document Length)'
echo "workers: $(pgrep -c -P "$(cat /tmp/nginx.pid)")"
before=$(pgrep -P "$(cat /tmp/nginx.pid)" | sort)
nginx -c /tmp/nginx.conf -s reload
until [ "$(pgrep -P "$(cat /tmp/nginx.pid)" | sort)" != "$before" ] && [ "$(pgrep -c -P "$(cat /tmp/nginx.pid)")" = 2 ]; do sleep $pause; done
curl -s http://127.0.0.1:8080/
nginx -c /tmp/nginx.conf -s quit
while [ -e /tmp/nginx.pid ]; do sleep $pause; done
curl -s http://127.0.0.1:8080/ || echo "curl: $?"
grep -c 'No such file' /tmp/error.log
