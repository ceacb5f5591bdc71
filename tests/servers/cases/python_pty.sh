# Pseudo-terminals by python's pty and termios: sizes, line discipline, hang-up, job control.
# packages: python3
# needs: python3 bash
exec python3 - <<'END'
import errno, fcntl, os, pty, select, signal, struct, termios, time, tty
def read_until(fd, what):
    got = b''
    while what not in got:
        if not select.select([fd], [], [], 60)[0]: raise SystemExit('nothing more after %r' % got)
        try: data = os.read(fd, 1000)
        except OSError as error:
            if error.errno == errno.EIO: break
            raise
        if not data: break
        got += data
    return got
m, s = pty.openpty()
print(os.isatty(m), os.isatty(s), os.ttyname(s).startswith('/dev/pts/'))
fcntl.ioctl(m, termios.TIOCSWINSZ, struct.pack('4H', 33, 111, 0, 0))
print(struct.unpack('4H', fcntl.ioctl(s, termios.TIOCGWINSZ, b'\0' * 8)))
os.write(m, b'abc\x7fd\nrest')
print(os.read(s, 100), os.read(m, 100))
os.write(s, b'line\n')
print(os.read(m, 100))
tty.setraw(s)
os.write(m, b'\x03raw')
print(os.read(s, 100))
os.close(m)
try: print(os.read(s, 100))
except OSError as error: print(errno.errorcode[error.errno])
pid, fd = pty.fork()
if pid == 0: os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])
# What is waited for is not in what is typed, whose echo comes at once however slow the shell is.
os.write(fd, b"stty -echo; PS1='$'' '; bind 'set enable-bracketed-paste off'\n")
read_until(fd, b'$ ')
os.write(fd, b"sh -c 'echo $((6 * 7)); exec sleep 100'\n")
read_until(fd, b'42')  # by the job, which has the terminal then
os.write(fd, b'\x1a')
read_until(fd, b'Stopped')
os.write(fd, b'fg\n')
while os.tcgetpgrp(fd) == pid: time.sleep(0.02)
os.write(fd, b'\x03')
os.write(fd, b'echo "status: $?"\n')
print(b'status: 130' in read_until(fd, b'status: 130'))
os.write(fd, b"trap 'echo si''ze' WINCH; echo rea''dy\n")
read_until(fd, b'ready')
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('4H', 10, 20, 0, 0))
os.write(fd, b'\n')
read_until(fd, b'size')
os.write(fd, b'exit 5\n')
read_until(fd, b'\0')
print('exit', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid, fd = pty.fork()
if pid == 0:
    print('up', flush=True)
    time.sleep(100)
read_until(fd, b'up')
os.close(fd)
print('hang-up', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
