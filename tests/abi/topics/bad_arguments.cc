// What system calls say to nonsense: bad pointers, descriptors, names. None of it may harm anybody but the caller.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "../topic.h"

using namespace abi;

template <typename... Arguments>
static void call(const char* name, long number, Arguments... values) {
  say("%s: %s\n", name, outcome(::syscall(number, values...)));
}

static void pointers(const char* kind, long bad) {
  say("-- %s\n", kind);
  const int fd = ::open("file", O_RDWR | O_CREAT, 0644);
  ::write(fd, "0123456789", 10);
  ::lseek(fd, 0, SEEK_SET);
  int ends[2];
  ::pipe(ends);
  ::write(ends[1], "x", 1);
  call("read", SYS_read, fd, bad, 5L);
  call("read of nothing", SYS_read, fd, bad, 0L);
  call("write", SYS_write, fd, bad, 5L);
  call("read a pipe", SYS_read, ends[0], bad, 1L);
  call("write a pipe", SYS_write, ends[1], bad, 1L);
  call("open", SYS_open, bad, O_RDONLY, 0);
  call("stat", SYS_stat, bad, 0L);
  call("fstat", SYS_fstat, fd, bad);
  call("pipe", SYS_pipe, bad);
  call("getcwd", SYS_getcwd, bad, 100L);
  call("uname", SYS_uname, bad);
  call("nanosleep", SYS_nanosleep, bad, 0L);
  call("clock_gettime", SYS_clock_gettime, CLOCK_MONOTONIC, bad);
  call("rt_sigaction", SYS_rt_sigaction, SIGUSR1, bad, 0L, 8L);
  call("rt_sigprocmask", SYS_rt_sigprocmask, SIG_BLOCK, bad, 0L, 8L);
  call("execve", SYS_execve, bad, 0L, 0L);
  call("getdents64", SYS_getdents64, ::open(".", O_RDONLY | O_DIRECTORY), bad, 1000L);
  call("readlink", SYS_readlink, "/proc/self/exe", bad, 100L);
  call("poll", SYS_poll, bad, 1L, 0L);
  call("writev", SYS_writev, fd, bad, 1L);
  call("getrandom", SYS_getrandom, bad, 10L, 0L);
  call("mkdir", SYS_mkdir, bad, 0755L);
  call("rename", SYS_rename, "file", bad);
  int status = 0;
  const pid_t child = in_child([] { return 0; });
  call("wait4", SYS_wait4, child, bad, 0L, 0L);
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  ::close(fd);
}

static int run() {
  char* unmapped =
      static_cast<char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::munmap(unmapped, 8192);
  pointers("a hole", reinterpret_cast<long>(unmapped));
  pointers("a small number", 8);
  pointers("the kernel's half", static_cast<long>(0xffff'8000'0000'1000));
  // 0x7f80_0000_0000 and up is where husk's kernel lives: to a payload it must look like nothing.
  pointers("a high address", 0x7f80'0010'0000);
  void* read_only = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const int zero = ::open("/dev/zero", O_RDONLY);
  call("read into a read-only page", SYS_read, zero, read_only, 10L);

  char* edge = static_cast<char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::munmap(edge + 4096, 4096);
  edge[4095] = 'x';
  call("a name that runs into a hole", SYS_open, edge + 4095, O_RDONLY, 0);
  const int file = ::open("edge", O_RDWR | O_CREAT, 0644);
  say("a write that runs into a hole: %zd\n", ::write(file, edge + 4090, 100));

  say("-- descriptors\n");
  char buffer[16] = {};
  struct stat stat_buffer {};
  for (const int fd : {-1, 500, 1'000'000}) {
    say("%d: read %s, ", fd, outcome(::read(fd, buffer, 1)));
    say("write %s, ", outcome(::write(fd, buffer, 1)));
    say("close %s, ", outcome(::close(fd)));
    say("fstat %s, ", outcome(::fstat(fd, &stat_buffer)));
    say("dup %s, ", outcome(::dup(fd)));
    say("lseek %s, ", outcome(::lseek(fd, 0, SEEK_SET)));
    say("fchdir %s\n", outcome(::fchdir(fd)));
  }
  write_file("plain", "x");
  const int plain = ::open("plain", O_RDONLY);
  say("getdents64 of a file: %s\n", outcome(::getdents64(plain, buffer, sizeof buffer)));
  say("fchdir to a file: %s\n", outcome(::fchdir(plain)));
  struct termios terminal {};
  say("a file is no terminal: %s\n", outcome(::tcgetattr(plain, &terminal)));
  say("an unknown ioctl: %s\n", outcome(::ioctl(plain, 0xdeadbeef, 0)));
  say("openat below a file: %s\n", outcome(::openat(plain, "x", O_RDONLY)));

  say("-- names\n");
  const std::string long_name(256, 'n'), long_path(5000, 'p');
  std::string deep;
  for (int i = 0; i < 1500; ++i) deep += "./";
  say("empty: %s\n", outcome(::open("", O_RDONLY)));
  say("256 bytes: %s\n", outcome(::open(long_name.c_str(), O_RDONLY)));
  say("create 256 bytes: %s\n", outcome(::open(long_name.c_str(), O_WRONLY | O_CREAT, 0644)));
  say("create 255 bytes: %s\n", outcome(::open(long_name.c_str() + 1, O_WRONLY | O_CREAT, 0644)));
  say("5000 bytes: %s\n", outcome(::open(long_path.c_str(), O_RDONLY)));
  say("1500 times './': %s\n", outcome(::open((deep + "plain").c_str(), O_RDONLY)));
  say("below a file: %s\n", outcome(::open("plain/x", O_RDONLY)));
  say("a file with a slash: %s\n", outcome(::open("plain/", O_RDONLY)));
  say("create with a slash: %s\n", outcome(::open("new/", O_WRONLY | O_CREAT, 0644)));
  say("create over a directory: %s\n", outcome(::open(".", O_WRONLY | O_CREAT, 0644)));
  say("the access mode 3: %s\n", outcome(::access("plain", 0777)));

  say("-- numbers\n");
  say("an unknown system call: %s\n", outcome(::syscall(100'000)));
  say("a negative one: %s\n", outcome(::syscall(-5)));
  say("nanosleep of -1 s: %s\n", outcome([] {
        const timespec negative{.tv_sec = -1, .tv_nsec = 0};
        return ::nanosleep(&negative, nullptr);
      }()));
  say("sigaction's set size: %s\n", outcome(::syscall(SYS_rt_sigaction, SIGUSR1, nullptr, nullptr, 4L)));
  say("write of a negative length: %s\n",
      outcome(::syscall(SYS_write, ::open("negative", O_WRONLY | O_CREAT, 0644), buffer, -1L)));
  say("clone with THREAD alone: %s\n", outcome(::syscall(SYS_clone, 0x10000L, 0L, 0L, 0L, 0L)));
  return 0;
}

static const Topic topic("bad_arguments", run);
