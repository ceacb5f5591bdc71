# Two processes write one database with a write-ahead log: file locks and a shared mapping.
# packages: sqlite3
# needs: sqlite3
rows=200
[ -z "${SHORT:-}" ] || rows=10
cd /tmp || exit
sqlite3 data.db 'pragma journal_mode=wal; create table t(who text, n int);'
writer() {
  i=0
  while [ $i -lt 4 ]; do
    sqlite3 -cmd '.timeout 60000' data.db "with recursive c(n) as (select 1 union all select n+1 from c where n<$rows) insert into t select '$1', n from c;"
    i=$((i + 1))
  done
}
writer a & writer b &
wait
sqlite3 data.db "select who, count(*)*100/$rows, sum(n)/count(*) > 1 from t group by who; pragma integrity_check; pragma wal_checkpoint(truncate);"
ls data.db*
