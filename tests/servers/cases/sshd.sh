# sshd, and ssh to it: a command, standard input, a terminal, a forwarded port, sftp.
# packages: openssh-server openssh-client
# needs: sshd ssh ssh-keygen
mkdir -p /run/sshd /tmp/keys
chmod 700 /root /tmp/keys
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/host
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/user
cat >/tmp/sshd_config <<'END'
Port 2222
ListenAddress 127.0.0.1
HostKey /tmp/keys/host
AuthorizedKeysFile /tmp/keys/user.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
PidFile /tmp/sshd.pid
LoginGraceTime 0
END
/usr/sbin/sshd -f /tmp/sshd_config -E /tmp/sshd.log
until [ -s /tmp/sshd.pid ]; do sleep 0.05; done
options='-p 2222 -i /tmp/keys/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR'
# shellcheck disable=SC2086 # options are several
login() { ssh $options "$@"; }
login 127.0.0.1 'echo a command; exit 3' </dev/null
echo "status: $?"
lines=10000
[ -z "${SHORT:-}" ] || lines=1000
seq $lines | login 127.0.0.1 md5sum
login -tt 127.0.0.1 'tty | sed "s/[0-9].*/N/"; stty -a | grep -c isig; test -t 0 && echo a terminal' </dev/null | tr -d '\r'
# shellcheck disable=SC2086
ssh $options -f -N -L 127.0.0.1:2223:127.0.0.1:2222 -o ExitOnForwardFailure=yes 127.0.0.1 >/dev/null 2>&1
echo "through a forwarded port: $(ssh ${options#-p 2222} -p 2223 127.0.0.1 echo yes </dev/null)"
# shellcheck disable=SC2086
printf 'put /etc/debian_version /tmp/put\nget /tmp/put /tmp/got\n' | sftp -q -P ${options#-p} 127.0.0.1 >/dev/null 2>&1
cmp /etc/debian_version /tmp/got && echo sftp
kill "$(cat /tmp/sshd.pid)"
