# postgresql: initdb, a server with its processes, psql over a Unix socket and TCP, pgbench.
# packages: postgresql
# emulated: initdb alone takes three minutes of processor time
# needs: psql
bin=$(echo /usr/lib/postgresql/*/bin)
seconds=${SECONDS_OF_LOAD:-2}
mkdir /tmp/db
chown postgres /tmp/db
as_postgres() { setpriv --reuid postgres --regid postgres --init-groups --reset-env "$@"; }
as_postgres "$bin/initdb" -D /tmp/db/data -A trust --no-sync --locale=C.UTF-8 >/tmp/initdb.log 2>&1 || cat /tmp/initdb.log
as_postgres "$bin/pg_ctl" -D /tmp/db/data -w -t 100 -l /tmp/db/log -o '-c listen_addresses=127.0.0.1 -c unix_socket_directories=/tmp/db -c fsync=off' start >/dev/null || cat /tmp/db/log
query() { psql -U postgres -At "$@" 2>&1; }
query -h /tmp/db -c 'select 6*7'
query -h 127.0.0.1 -c 'create table t(n int primary key)' -c 'insert into t select generate_series(1, 1000)' -c 'select sum(n) from t'
query -h /tmp/db -c 'insert into t values (1)'
query -h /tmp/db -c "select count(*) > 4 from pg_stat_activity"
if [ -z "${SHORT:-}" ]; then
  pgbench -U postgres -h /tmp/db -i -q postgres 2>/dev/null
  pgbench -U postgres -h /tmp/db -c 4 -j 2 -T "$seconds" postgres 2>/dev/null | grep -E 'clients|failed'
  pgbench -U postgres -h 127.0.0.1 -S -c 4 -T "$seconds" postgres 2>/dev/null | grep -E 'clients|failed'
  query -h /tmp/db -c 'set max_parallel_workers_per_gather = 2' -c 'set min_parallel_table_scan_size = 0' -c 'set parallel_setup_cost = 0' \
    -c 'select count(*) from pgbench_accounts'
fi
(query -h /tmp/db -c 'select pg_sleep(100)' >/tmp/slept) &
until [ "$(query -h /tmp/db -c "select pg_cancel_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'")" = t ]; do sleep 0.05; done
wait $!
cat /tmp/slept
as_postgres "$bin/pg_ctl" -D /tmp/db/data -s -m fast -w stop && echo stopped
