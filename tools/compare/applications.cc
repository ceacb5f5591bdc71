#include "tools/compare/applications.h"

#include <iterator>
#include <set>
#include <sstream>

namespace husk::compare {
namespace {

constexpr char kShell[] = "/bin/sh";
constexpr int kShortMs = 20'000;
constexpr int kLongMs = 60'000;

// A page, and a server that offers it.
constexpr char kNginxSetUp[] = R"(mkdir -p /opt/husk/www
head -c 4096 /dev/zero | tr '\0' x >/opt/husk/www/page
cat >/opt/husk/nginx.conf <<'END'
daemon off;
user root;
worker_processes 1;
pid /tmp/nginx.pid;
error_log /tmp/nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path /tmp/nginx-body;
  proxy_temp_path /tmp/nginx-proxy;
  fastcgi_temp_path /tmp/nginx-fastcgi;
  uwsgi_temp_path /tmp/nginx-uwsgi;
  scgi_temp_path /tmp/nginx-scgi;
  keepalive_requests 2000;
  server { listen 127.0.0.1:17380; root /opt/husk/www; }
}
END)";

// Servers; what is asked of them is the script's $0.
constexpr char kNginx[] = R"(nginx -c /opt/husk/nginx.conf 2>/tmp/nginx.start &
server=$!
until curl -s -o /dev/null http://127.0.0.1:17380/page; do
  kill -0 $server 2>/dev/null || { tail -n 1 /tmp/nginx.start >&2; exit 1; }
  sleep 0.01
done
eval "$0"
kill -QUIT $server
wait $server)";

constexpr char kRedis[] = R"(redis-server --port 17379 --bind 127.0.0.1 --save '' --dir /tmp >/tmp/redis.log 2>&1 &
server=$!
until redis-cli -p 17379 ping 2>/tmp/redis.wait | grep -q PONG; do
  kill -0 $server 2>/dev/null || { grep -v '^$' /tmp/redis.log | tail -n 1 >&2; exit 1; }
  sleep 0.01
done
redis-benchmark -p 17379 -t set,get -c 10 $0 -q >/tmp/redis.benchmark
redis-cli -p 17379 dbsize
redis-cli -p 17379 shutdown nosave
wait $server)";

// A payload finds its own files below /opt/husk, and writes below /tmp only. Servers listen on ports of their own: the
// runner `process` shares the host's network. Each script waits for its server by asking it, since a fixed pause would
// be part of the figure, and ends it, since a run must leave nothing behind.
constexpr Application kApplications[] = {
    {.name = "python",
     .metric = "task_python_ns",
     .packages = "python3-minimal",
     .files = "/usr/bin/python3",
     .set_up = "",
     .program = "/usr/bin/python3",
     .command = R"(print("started"))",
     .expect = "started\n",
     .limit_ms = kShortMs},
    {.name = "imports",
     .metric = "task_imports_ns",
     .packages = "python3-minimal libpython3-stdlib",
     .files = "/usr/bin/python3 /usr/lib/python3.*/asyncio",
     .set_up = "",
     .program = "/usr/bin/python3",
     .command =
         R"(import argparse, asyncio, decimal, email.message, http.client, json, logging, sqlite3, subprocess, unittest
import xml.etree.ElementTree
print("imported"))",
     .expect = "imported\n",
     .limit_ms = kShortMs},
    {.name = "shell",
     .metric = "task_shell_ns",
     .packages = "coreutils",
     .files = "/bin/sh /bin/true",
     .set_up = "",
     .program = kShell,
     // With its path, or the shell would do it itself.
     .command = R"(i=0
while [ $i -lt 200 ]; do
  /bin/true || exit 1
  i=$((i + 1))
done
echo $i)",
     .expect = "200\n",
     .limit_ms = kShortMs},
    {.name = "sqlite",
     .metric = "task_sqlite_ns",
     .packages = "sqlite3",
     .files = "/usr/bin/sqlite3 /usr/bin/awk",
     .set_up = "",
     .program = kShell,
     // A hundred transactions: each is written to a journal and to the file, and synchronised.
     .command = R"(awk 'BEGIN {
  print "create table t(id integer primary key, value text);"
  for (i = 1; i <= 20000; ++i) {
    if (i % 200 == 1) print "begin;"
    printf "insert into t values(%d, \"row %d\");\n", i, i
    if (i % 200 == 0) print "commit;"
  }
  print "select count(*), sum(id) from t;"
}' | sqlite3 /tmp/husk.db)",
     .expect = "20000\\|200010000\n",
     .limit_ms = kShortMs},
    {.name = "tar",
     .metric = "task_tar_ns",
     .packages = "tar gzip libpython3-stdlib",
     .files = "/bin/tar /bin/gzip /usr/lib/python3.*/asyncio",
     .set_up = "",
     .program = kShell,
     .command = R"(cd /usr/lib/python3.* && tar -cf - asyncio email json xml | gzip -6 >/tmp/husk.tgz &&
gzip -dc /tmp/husk.tgz | tar -tf - | grep -c '/__init__\.py$')",
     .expect = "[1-9][0-9]*\n",
     .limit_ms = kShortMs},
    {.name = "git",
     .metric = "task_git_ns",
     .packages = "git libpython3-stdlib",
     .files = "/usr/bin/git /usr/lib/python3.*/email",
     .set_up = "",
     .program = kShell,
     .command = R"(export HOME=/tmp GIT_CONFIG_NOSYSTEM=1
cd /tmp && git -c init.defaultBranch=main init -q tree && cd tree && cp -r /usr/lib/python3.*/email /usr/lib/python3.*/json . &&
git add . && git -c user.name=husk -c user.email=husk@localhost commit -q -m one && git rev-list --count HEAD)",
     .expect = "1\n",
     .limit_ms = kShortMs},
    {.name = "gcc",
     .metric = "task_gcc_ns",
     .packages = "gcc libc6-dev",
     .files = "/usr/bin/gcc /usr/include/stdio.h",
     .set_up = "",
     .program = kShell,
     .command = R"(cat >/tmp/sum.c <<'END'
#include <stdio.h>
int main(void) {
  int sum = 0;
  for (int i = 1; i <= 100; ++i) sum += i;
  printf("%d\n", sum);
  return 0;
}
END
gcc -O2 -o /tmp/sum /tmp/sum.c && exec /tmp/sum)",
     .expect = "5050\n",
     .limit_ms = kShortMs},
    {.name = "sort",
     .metric = "task_sort_ns",
     .packages = "coreutils",
     .files = "/usr/bin/sort /opt/husk/lines",
     // 7919 and 300007 are primes, so that every line is another one.
     .set_up = R"(awk 'BEGIN { for (i = 0; i < 300000; ++i) print (i * 7919) % 300007 " line" }' >/opt/husk/lines)",
     .program = kShell,
     .command = "LC_ALL=C sort /opt/husk/lines | cksum",
     .expect = "219985301 3488890\n",
     .limit_ms = kShortMs},
    {.name = "find",
     .metric = "task_find_ns",
     .packages = "findutils",
     .files = "/usr/bin/find",
     .set_up = "",
     .program = kShell,
     .command = "find /usr -type f -size +0 | wc -l",
     .expect = "[1-9][0-9]{3,}\n",
     .limit_ms = kShortMs},
    {.name = "redis",
     .metric = "task_redis_ns",
     .packages = "redis-server redis-tools",
     .files = "/usr/bin/redis-server /usr/bin/redis-benchmark",
     .set_up = "",
     .program = kShell,
     .command = kRedis,
     .argument = "-n 5000",
     .expect = "1\n",
     .limit_ms = kLongMs},
    {.name = "redis-pipelined",
     .metric = "task_redis_pipelined_ns",
     .packages = "redis-server redis-tools",
     .files = "/usr/bin/redis-server /usr/bin/redis-benchmark",
     .set_up = "",
     .program = kShell,
     .command = kRedis,
     .argument = "-n 50000 -P 16",
     .expect = "1\n",
     .limit_ms = kLongMs},
    {.name = "nginx",
     .metric = "task_nginx_ns",
     .packages = "nginx-light curl",
     .files = "/usr/sbin/nginx /usr/bin/curl /opt/husk/nginx.conf",
     .set_up = kNginxSetUp,
     .program = kShell,
     .command = kNginx,
     .argument = R"(curl -s -o /dev/null -w '%{http_code}\n' 'http://127.0.0.1:17380/page?[1-1000]' | grep -c '^200$')",
     .expect = "1000\n",
     .limit_ms = kLongMs},
    {.name = "nginx-ab",
     .metric = "task_nginx_ab_ns",
     .packages = "nginx-light curl apache2-utils",
     .files = "/usr/sbin/nginx /usr/bin/curl /usr/bin/ab /opt/husk/nginx.conf",
     .set_up = kNginxSetUp,
     .program = kShell,
     .command = kNginx,
     .argument =
         R"(ab -q -n 1000 -c 8 http://127.0.0.1:17380/page 2>/tmp/ab.errors | sed -n 's/^Complete requests: *//p; s/^Failed requests: *//p')",
     .expect = "1000\n0\n",
     .limit_ms = kLongMs},
    {.name = "postgres",
     .metric = "task_postgres_ns",
     .packages = "postgresql util-linux",
     .files = "/usr/lib/postgresql/15/bin/postgres /usr/bin/setpriv /opt/husk/postgres",
     // It refuses to run as root. Small files, since an overlay copies a file as a whole when it is first written.
     .set_up = R"(cd /
bin=/usr/lib/postgresql/15/bin
data=/opt/husk/postgres
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
install -d -o postgres -g postgres -m 700 $data
as_postgres $bin/initdb -D $data -A trust --locale=C --no-sync --wal-segsize=1 >/dev/null
cat >>$data/postgresql.conf <<'END'
listen_addresses = ''
unix_socket_directories = '/tmp'
dynamic_shared_memory_type = mmap
shared_buffers = 4MB
max_connections = 10
min_wal_size = 2MB
max_wal_size = 8MB
END
as_postgres $bin/pg_ctl -D $data -l /tmp/postgres.log -w start >/dev/null
as_postgres $bin/pgbench -h /tmp -i -s 1 -q postgres 2>/dev/null
as_postgres $bin/pg_ctl -D $data -m fast -w stop >/dev/null
rm /tmp/postgres.log)",
     .program = kShell,
     .command = R"(cd /
bin=/usr/lib/postgresql/15/bin
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
as_postgres $bin/postgres -D /opt/husk/postgres >/tmp/postgres.log 2>&1 &
server=$!
until as_postgres $bin/pg_isready -q -h /tmp; do
  kill -0 $server 2>/dev/null || { tail -n 1 /tmp/postgres.log >&2; exit 1; }
  sleep 0.01
done
as_postgres $bin/pgbench -h /tmp -n -t 200 postgres 2>/dev/null | sed -n 's/^number of transactions actually processed: //p'
as_postgres $bin/pg_ctl -D /opt/husk/postgres -m fast -w stop >/dev/null
wait $server)",
     .expect = "200/200\n",
     .limit_ms = kLongMs},
};

std::vector<std::string> words_of(const char* list) {
  std::istringstream stream(list);
  return {std::istream_iterator<std::string>(stream), {}};
}

}  // namespace

std::span<const Application> applications() {
  return kApplications;
}

Task task_of(const Application& application) {
  std::vector<std::string> argv = {application.program, "-c", application.command};
  if (*application.argument != '\0') argv.emplace_back(application.argument);
  return {.metric = application.metric,
          .is_embedded = false,
          .argv = std::move(argv),
          .expect = application.expect,
          .limit_ms = application.limit_ms,
          .files = words_of(application.files),
          .packages = application.packages};
}

std::vector<std::string> application_packages() {
  std::set<std::string> all;
  for (const Application& application : kApplications) {
    for (std::string& package : words_of(application.packages)) all.insert(std::move(package));
  }
  return {all.begin(), all.end()};
}

}  // namespace husk::compare
