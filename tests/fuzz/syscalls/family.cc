#include "tests/fuzz/syscalls/family.h"

#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/raw.h"
#include "tests/fuzz/syscalls/watchers.h"
#include "tests/fuzz/syscalls/worker.h"

namespace fuzz {
namespace {

// Own memory can run out, but not everybody's; a family cannot fill what all share.
void limit_resources() {
  const auto limit = [](decltype(RLIMIT_AS) what, rlim_t most) {
    const struct rlimit value { most, most };
    ::setrlimit(what, &value);
  };
  limit(RLIMIT_AS, 96 << 20);
  limit(RLIMIT_DATA, 48 << 20);
  limit(RLIMIT_FSIZE, 4 << 20);
  limit(RLIMIT_NOFILE, 1024);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NPROC, 250);
  limit(RLIMIT_MSGQUEUE, 400'000);
  limit(RLIMIT_SIGPENDING, 500);
}

// Root, with a root directory of its own: what it mounts and unmounts there is nobody else's.
void enter_own_root() {
  if (::mount("own", ".", "tmpfs", 0, "mode=755,size=16m") != 0 && ::mount("own", ".", "tmpfs", 0, "") != 0) return;
  // The directory that was entered is the one under the mount.
  char path[64];
  if (::getcwd(path, sizeof path) == nullptr || ::chdir(path) != 0) return;
  for (const char* directory : {"proc", "dev", "tmp", "bin", "work"}) ::mkdir(directory, 0777);
  ::mount("proc", "proc", "proc", 0, nullptr);
  constexpr struct {
    const char* path;
    unsigned major, minor;
  } kDevices[] = {{"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  for (const auto& device : kDevices) ::mknod(device.path, S_IFCHR | 0666, ::makedev(device.major, device.minor));
  for (const char* directory : {"dev/shm", "dev/pts", "dev/mqueue"}) ::mkdir(directory, 0777);
  ::mount("devpts", "dev/pts", "devpts", 0, "ptmxmode=0666");
  ::mount("mqueue", "dev/mqueue", "mqueue", 0, nullptr);
  static_cast<void>(::symlink("pts/ptmx", "dev/ptmx"));
  if (::chroot(".") != 0 || ::chdir("/work") != 0) ::_exit(3);
}

void make_files() {
  char data[8192];
  std::memset(data, 'x', sizeof data);
  const int file = ::open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  for (int count = 0; count < 4; ++count) static_cast<void>(::write(file, data, sizeof data));
  ::close(file);
  for (const char* directory : {"dir", "dir/x", "mnt", "d", "d/e"}) ::mkdir(directory, 0777);
  static_cast<void>(::symlink("file", "link"));
  static_cast<void>(::symlink("nothing", "dangling"));
  static_cast<void>(::symlink("loop", "loop"));
  ::mkfifo("fifo", 0666);
}

// What says that something happened. Some watch each other.
template <typename Put>
void open_events(Put put) {
  const int counter = ::eventfd(0, EFD_NONBLOCK), blocking = ::eventfd(3, EFD_SEMAPHORE);
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const itimerspec often = {{0, 3'000'000}, {0, 1'000'000}};
  ::timerfd_settime(timer, 0, &often, nullptr);
  sigset_t some;
  ::sigemptyset(&some);
  for (const int signal : {SIGCHLD, SIGUSR2, SIGRTMIN}) ::sigaddset(&some, signal);
  const int signals = ::signalfd(-1, &some, SFD_NONBLOCK);
  const int watches = ::inotify_init1(IN_NONBLOCK);
  for (const char* path : {".", "file", "dir"}) ::inotify_add_watch(watches, path, IN_ALL_EVENTS);
  const int inner = ::epoll_create1(0), outer = ::epoll_create1(0);
  for (const int fd : {counter, timer, signals, watches}) {
    epoll_event event = {EPOLLIN | EPOLLET, {}};
    ::epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event);
  }
  epoll_event event = {EPOLLIN, {}};
  ::epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event);
  for (const int fd : {counter, blocking, timer, signals, watches, inner, outer}) put(fd);
  put(static_cast<int>(raw(SYS_pidfd_open, static_cast<std::uint64_t>(::getpid()), 0)));
  mq_attr attributes = {};
  attributes.mq_maxmsg = 4;
  attributes.mq_msgsize = 64;
  put(::mq_open("/q", O_RDWR | O_CREAT | O_NONBLOCK, 0666, &attributes));
}

template <typename Put>
void open_terminals(Put put) {
  for (const int flags : {O_NONBLOCK, 0}) {
    const int master = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | flags);
    const int unlocked = 0;
    ::ioctl(master, TIOCSPTLCK, &unlocked);
    put(master);
    put(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | flags));
  }
}

template <typename Put>
void open_sockets(Put put) {
  int ends[2];
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    if (::socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) != 0) ends[0] = ends[1] = -1;
    put(ends[0]);
    put(ends[1]);
  }
  put(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  put(::socket(AF_UNIX, SOCK_DGRAM, 0));
  for (const int family : {AF_INET, AF_INET6}) {
    put(::socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0));
    put(::socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0));
    put(::socket(family, SOCK_DGRAM, 0));
  }
  put(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0));
  // A connection, and who listens.
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 && ::listen(listener, 4) == 0 &&
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0)
    static_cast<void>(::connect(client, reinterpret_cast<sockaddr*>(&address), length));
  put(listener);
  put(client);
  put(::accept(listener, nullptr, nullptr));
}

// Descriptors from 0 on: one of each kind.
void open_descriptors() {
  constexpr int kFirstFree = 400;
  int next = 0;
  const auto put = [&](int fd) {
    if (fd < 0) fd = ::open("/dev/null", O_RDWR);
    if (fd >= 0 && fd != kFirstFree + next) ::dup2(fd, kFirstFree + next), ::close(fd);
    ++next;
  };
  int ends[2];
  put(::open("/dev/null", O_RDWR));
  put(::open("file", O_RDWR));
  put(::open("file", O_RDWR | O_APPEND | O_NONBLOCK));
  put(::open(".", O_RDONLY | O_DIRECTORY));
  for (const int flags : {0, O_NONBLOCK}) {
    if (::pipe2(ends, flags) != 0) ends[0] = ends[1] = -1;
    put(ends[0]);
    put(ends[1]);
  }
  put(::memfd_create("memory", MFD_ALLOW_SEALING));
  put(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  put(::open("/proc", O_RDONLY | O_DIRECTORY));
  put(::open("/dev/zero", O_RDWR));
  put(::open("/dev/urandom", O_RDWR));
  put(::open("/dev/full", O_RDWR));
  put(::open(".", O_PATH));
  put(::open("file", O_PATH));
  put(::open("fifo", O_RDWR | O_NONBLOCK));
  put(::open("/proc/self/maps", O_RDONLY));
  put(::open("/proc/self/status", O_RDONLY));
  put(::open("dir", O_RDONLY | O_DIRECTORY));
  put(::open(".", O_TMPFILE | O_RDWR, 0666));
  put(::open("file", O_RDONLY));
  put(::memfd_create("other", 0));
  put(::open("/bin/busybox", O_RDONLY));
  open_events(put);
  open_terminals(put);
  open_sockets(put);
  while (next < static_cast<int>(kOpenDescriptors)) put(-1);
  // Where one could not be opened there is none, and not one of the supervisor's.
  for (int fd = 0; fd < next; ++fd) ::close(fd), ::dup2(kFirstFree + fd, fd);
  raw(SYS_close_range, static_cast<std::uint64_t>(next), kTraceDescriptor - 1, 0);
}

}  // namespace

void run_family(const FamilyOptions& options) {
  ::setsid();
  // Of the memory that is shared with the supervisor, this family's block only.
  World world = options.world;
  Block* block = static_cast<Block*>(::mmap(nullptr, sizeof(Block), PROT_READ | PROT_WRITE, MAP_SHARED, options.blocks,
                                            static_cast<off_t>(options.index * sizeof(Block))));
  if (block == MAP_FAILED || !map_arena()) ::_exit(3);
  ::close(options.blocks);
  ::munmap(options.all_blocks, options.block_count * sizeof(Block));
  world.block = block;
  char directory[32];
  std::snprintf(directory, sizeof directory, "%u", options.index);
  if (::chdir(directory) != 0) ::_exit(3);
  if (world.root)
    enter_own_root();
  else if (::setgroups(0, nullptr) != 0 || ::setgid(kFuzzUser) != 0 || ::setuid(kFuzzUser) != 0)
    ::_exit(3);
  ::umask(0);
  make_files();
  // Before the limit of descriptors is lowered and the supervisor's are closed.
  if (world.trace) ::dup2(1, kTraceDescriptor);
  open_descriptors();
  limit_resources();
  // Most signals come back from a handler at first, or a family would kill itself before it has made many calls.
  // SIGUSR1 is the supervisor's, who wakes what waits for ever.
  struct sigaction action = {};
  action.sa_sigaction = [](int signal, siginfo_t* information, void* context) {
    signal_handler(signal, information, context);
  };
  action.sa_flags = SA_SIGINFO;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    const bool fault =
        signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP;
    const bool stop = signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
    if (!fault && !stop && signal != SIGCHLD) ::sigaction(signal, &action, nullptr);
  }
  Worker worker(options.seed, world, 0);
  worker.run(options.calls);
  Worker::leave(worker.random());
}

}  // namespace fuzz
