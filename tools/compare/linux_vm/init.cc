// The first process of the runner linux-vm's machine (runners/linux_vm.h): what the least of an agent does. It loads the
// modules that the initramfs has for it, mounts the root image with a tmpfs over it, runs the payload in there, and says
// how that ended.
//
// The initramfs has /modules (files to load, in order, one a line) and /payload (the payload's words, each with a zero
// behind it). Standard streams are ports of one virtio-serial device, in the order 1, 2, 3.
#include <dirent.h>
#include <fcntl.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

namespace {

constexpr unsigned short kLogPort = 0xe9;    // QEMU's isa-debugcon
constexpr unsigned short kExitPort = 0x501;  // QEMU's isa-debug-exit, which ends QEMU with 2n + 1
constexpr int kOwnFailure = 125;
constexpr int kLargestInExit = 125;  // above, 2n + 3 is no exit status any more: the log says it

void say(const char* text) {
  for (; *text != '\0'; ++text) outb(static_cast<unsigned char>(*text), kLogPort);
}

[[noreturn]] void end(int status) {
  char line[40];
  std::snprintf(line, sizeof line, "husk: exit status %d\n", status);
  say(line);
  outb(static_cast<unsigned char>((status > kLargestInExit ? kLargestInExit + 1 : status) + 1), kExitPort);
  for (;;) pause();
}

[[noreturn]] void fail(const char* what) {
  const int error = errno;
  say("linux-vm: cannot ");
  say(what);
  say(": ");
  say(std::strerror(error));
  say("\n");
  end(kOwnFailure);
}

void must(bool is_done, const char* what) {
  if (!is_done) fail(what);
}

// The whole file, with a zero behind it; its length without that.
std::size_t read_file(const char* path, char* buffer, std::size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  must(fd >= 0, path);
  std::size_t length = 0;
  for (ssize_t got; (got = read(fd, buffer + length, size - 1 - length)) > 0;) length += static_cast<std::size_t>(got);
  close(fd);
  buffer[length] = '\0';
  return length;
}

void load_modules() {
  static char list[4096];
  read_file("/modules", list, sizeof list);
  for (char* name = std::strtok(list, "\n"); name != nullptr; name = std::strtok(nullptr, "\n")) {
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    must(fd >= 0, name);
    must(syscall(SYS_finit_module, fd, "", 0) == 0, name);
    close(fd);
  }
}

// Drivers answer when they have found their devices, which may be a moment after their module was loaded: tries until
// `attempt` returns a descriptor. Should that never be, whoever runs the machine ends it.
template <typename Attempt>
int keep_trying(const Attempt& attempt) {
  constexpr timespec kPause{0, 100'000};
  for (;;) {
    const int fd = attempt();
    if (fd >= 0) return fd;
    nanosleep(&kPause, nullptr);
  }
}

// Port `number` of the one virtio-serial device: /dev/vport1p2, where 1 is the device's number on the virtio bus.
int open_port(char number, int flags) {
  return keep_trying([&] {
    DIR* const devices = opendir("/dev");
    must(devices != nullptr, "read /dev");
    int fd = -1;
    while (const dirent* entry = readdir(devices)) {
      const std::size_t length = std::strlen(entry->d_name);
      if (std::strncmp(entry->d_name, "vport", 5) != 0 || entry->d_name[length - 1] != number) continue;
      fd = openat(dirfd(devices), entry->d_name, flags);
    }
    closedir(devices);
    return fd;
  });
}

void mount_root() {
  must(mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount /proc");
  close(keep_trying([] { return open("/dev/vda", O_RDONLY | O_CLOEXEC); }));
  must(mount("/dev/vda", "/image", "erofs", MS_RDONLY, nullptr) == 0, "mount the image");
  must(mount("tmpfs", "/changes", "tmpfs", 0, nullptr) == 0, "mount a tmpfs");
  must(mkdir("/changes/upper", 0755) == 0 && mkdir("/changes/work", 0755) == 0, "make directories");
  must(mount("overlay", "/root", "overlay", 0, "lowerdir=/image,upperdir=/changes/upper,workdir=/changes/work") == 0,
       "mount the overlay");
  // What the other runners' payloads have too.
  mkdir("/root/dev", 0755);
  mkdir("/root/proc", 0555);
  mkdir("/root/sys", 0555);
  must(mount("/dev", "/root/dev", nullptr, MS_MOVE, nullptr) == 0, "move /dev");
  must(mount("/proc", "/root/proc", nullptr, MS_MOVE, nullptr) == 0, "move /proc");
  must(mount("sysfs", "/root/sys", "sysfs", MS_RDONLY, nullptr) == 0, "mount /sys");
}

[[noreturn]] void execute(char** argv) {
  static const char* const kEnvironment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                             nullptr};
  execve(argv[0], argv, const_cast<char* const*>(kEnvironment));
  _exit(errno == ENOENT ? 127 : 126);
}

}  // namespace

int main() {
  if (ioperm(kLogPort, 1, 1) != 0 || ioperm(kExitPort, 1, 1) != 0) return kOwnFailure;
  static char words[64 * 1024];
  static char* argv[4096];
  const std::size_t length = read_file("/payload", words, sizeof words);
  std::size_t count = 0;
  for (char* word = words; word < words + length && count + 1 < sizeof argv / sizeof argv[0];) {
    argv[count++] = word;
    word += std::strlen(word) + 1;
  }
  load_modules();
  must(mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr) == 0, "mount /dev");
  const int in = open_port('1', O_RDONLY);
  const int out = open_port('2', O_WRONLY);
  const int err = open_port('3', O_WRONLY);
  mount_root();
  must(chroot("/root") == 0 && chdir("/") == 0, "enter the root");

  const pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    for (const int fd : {in, out, err}) {
      if (fd > STDERR_FILENO) close(fd);
    }
    execute(argv);
  }
  int status = 0;
  // What the payload has left behind comes to this process, and is waited for too.
  for (pid_t ended = 0; ended != child;) {
    ended = wait(&status);
    if (ended < 0 && errno != EINTR) fail("wait");
  }
  end(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
