# rsync between two directories (a socket pair), and to and from its daemon.
# packages: rsync
# needs: rsync
mkdir -p /tmp/from/deep/er
seq 20000 >/tmp/from/numbers
head -c 100000 /bin/sh >/tmp/from/deep/binary
ln -s numbers /tmp/from/link
ln /tmp/from/numbers /tmp/from/deep/er/hard
# What is changed below has another time, however fast it goes.
find /tmp/from -exec touch -h -d 2020-01-01 {} +
rsync -aH /tmp/from/ /tmp/to/ && diff -r /tmp/from /tmp/to && echo same
echo more >>/tmp/from/numbers
rm /tmp/from/link
rsync -aH --delete --no-whole-file --itemize-changes /tmp/from/ /tmp/to/
rsync -aH --delete --dry-run --itemize-changes /tmp/from/ /tmp/to/
cat >/tmp/rsyncd.conf <<'END'
use chroot = no
uid = root
gid = root
[files]
path = /tmp/from
[in]
path = /tmp/in
read only = false
END
mkdir /tmp/in
rsync --daemon --config=/tmp/rsyncd.conf --port=8730 --address=127.0.0.1
until rsync rsync://127.0.0.1:8730/ >/dev/null 2>&1; do sleep 0.05; done
rsync rsync://127.0.0.1:8730/ | sed 's/[[:space:]]*$//'
rsync -a rsync://127.0.0.1:8730/files/ /tmp/fetched/ && diff -r /tmp/from /tmp/fetched && echo fetched
rsync -a /tmp/from/deep/ rsync://127.0.0.1:8730/in/ && diff -r /tmp/from/deep /tmp/in && echo sent
