# redis over TCP and a Unix socket, with its own load generator, a fork that saves, publish and subscribe, blocking pops.
# packages: redis-server redis-tools
# needs: redis-server redis-cli redis-benchmark
# Each look is a process, which is what takes long where instructions are emulated.
pause=0.05
[ -z "${SHORT:-}" ] || pause=1
requests=20000
clients=20
[ -z "${SHORT:-}" ] || { requests=20; clients=5; }
cd /tmp || exit
redis-server --port 6400 --bind 127.0.0.1 ::1 --unixsocket /tmp/redis.socket --save '' --appendonly yes --dir /tmp --daemonize yes --logfile /tmp/log >/dev/null
until redis-cli -p 6400 ping >/dev/null 2>&1; do sleep $pause; done
redis-cli -p 6400 set key value
redis-cli -h ::1 -p 6400 get key
redis-cli -s /tmp/redis.socket incrby n 5
redis-benchmark -p 6400 -q -n $requests -c $clients -t set,get,lpush,lpop --csv | cut -d, -f1
redis-benchmark -s /tmp/redis.socket -q -n $requests -P 16 -c $clients -t set,get --csv | cut -d, -f1
(redis-cli -p 6400 blpop list 60 >/tmp/popped) &
until [ "$(redis-cli -p 6400 info clients | grep -c 'blocked_clients:1')" = 1 ]; do sleep $pause; done
redis-cli -p 6400 rpush list element
wait $!
cat /tmp/popped
redis-cli -p 6400 bgsave
until redis-cli -p 6400 info persistence | grep -q 'rdb_bgsave_in_progress:0'; do sleep $pause; done
redis-cli -p 6400 info persistence | grep rdb_last_bgsave_status | tr -d '\r'
redis-cli -p 6400 client list | wc -l
redis-cli -p 6400 shutdown
until ! redis-cli -p 6400 ping >/dev/null 2>&1; do sleep $pause; done
redis-cli -p 6400 ping 2>&1
head -c 5 dump.rdb; echo
