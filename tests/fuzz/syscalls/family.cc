#include "tests/fuzz/syscalls/family.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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
  ::mkdir("dev/shm", 0777);
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

// Descriptors 0 to 23: one of each kind.
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
