// /sys as a container sees it: what kind of file system it is, how its files are read and that none is written, what it says of the
// loopback, and that what it says of the processors is what other interfaces say.
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../file_text.h"
#include "../topic.h"

using namespace abi;

namespace {

constexpr char kCpus[] = "/sys/devices/system/cpu/";
constexpr char kNodes[] = "/sys/devices/system/node/";
constexpr char kLoopback[] = "/sys/class/net/lo/";

std::string link_target(const std::string& path) {
  char target[PATH_MAX] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) < 0 ? outcome(-1) : target;
}

void say_file(const std::string& path) {
  struct stat status {};
  say("  %s: ", path.c_str());
  if (::lstat(path.c_str(), &status) != 0) return say("%s\n", outcome(-1));
  say("%o, %u links, size %lld, %lld blocks of %ld\n", status.st_mode,
      S_ISDIR(status.st_mode) ? 0U : static_cast<unsigned>(status.st_nlink), static_cast<long long>(status.st_size),
      static_cast<long long>(status.st_blocks), static_cast<long>(status.st_blksize));
}

void file_system() {
  say("file system\n");
  struct statfs about {};
  say("statfs %s", outcome(::statfs("/sys", &about)));
  say(": type %lx, blocks %lu of %ld, names %ld, flags %lx\n", static_cast<unsigned long>(about.f_type),
      static_cast<unsigned long>(about.f_blocks), static_cast<long>(about.f_bsize), static_cast<long>(about.f_namelen),
      static_cast<unsigned long>(about.f_flags));
  for (const char* path : {"/sys",
                           "/sys/block",
                           "/sys/bus",
                           "/sys/bus/cpu",
                           "/sys/bus/node",
                           "/sys/class",
                           "/sys/class/net",
                           "/sys/class/net/lo",
                           "/sys/dev",
                           "/sys/dev/block",
                           "/sys/dev/char",
                           "/sys/devices",
                           "/sys/devices/system",
                           "/sys/devices/virtual/net/lo",
                           "/sys/firmware",
                           "/sys/fs/cgroup",
                           "/sys/kernel/mm",
                           "/sys/module",
                           "/sys/power",
                           "/sys/devices/system/cpu/online",
                           "/sys/class/net/lo/address",
                           "/sys/class/net/lo/statistics/rx_bytes"}) {
    say_file(path);
  }
}

void reading() {
  say("reading\n");
  char text[32];
  const int fd = ::open("/sys/class/net/lo/address", O_RDONLY);
  say("half: %zd", ::read(fd, text, 8));
  say(", the rest: %zd", ::read(fd, text, sizeof text));
  say(", the end: %zd", ::read(fd, text, sizeof text));
  say(", from 15: %zd", ::pread(fd, text, sizeof text, 15));
  say(", from beyond: %zd\n", ::pread(fd, text, sizeof text, 100));
  for (const int whence : {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE}) {
    say("  lseek %d: %lld", whence, static_cast<long long>(::lseek(fd, 5, whence)));
    say(", before: %s\n", outcome(::lseek(fd, -9000, whence)));
  }
  say("mmap: %s\n", ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? outcome(-1) : "ok");
  ::close(fd);
}

void writing() {
  say("writing\n");
  say("open: %s", outcome(::open("/sys/class/net/lo/address", O_WRONLY)));
  say(", for both %s", outcome(::open("/sys/class/net/lo/address", O_RDWR)));
  say(", truncating %s", outcome(::open("/sys/class/net/lo/address", O_WRONLY | O_TRUNC)));
  say(", new %s", outcome(::open("/sys/new", O_WRONLY | O_CREAT, 0644)));
  say(", mkdir %s", outcome(::mkdir("/sys/new", 0755)));
  say(", unlink %s", outcome(::unlink("/sys/class/net/lo/address")));
  say(", chmod %s", outcome(::chmod("/sys/class/net/lo/address", 0777)));
  say(", writable %s\n", outcome(::access("/sys/class/net/lo/address", W_OK)));
}

void loopback() {
  say("loopback\n");
  say("%s, ", link_target("/sys/class/net/lo").c_str());
  say("%s\n", link_target("/sys/class/net/lo/subsystem").c_str());
  for (const char* name : {"addr_assign_type", "addr_len",      "address", "broadcast", "carrier",
                           "dev_id",           "dev_port",      "dormant", "duplex",    "flags",
                           "ifalias",          "ifindex",       "iflink",  "link_mode", "mtu",
                           "netdev_group",     "operstate",     "speed",   "type",      "uevent",
                           "tx_queue_len",     "tx_queue_len/", "absent"}) {
    say("  %s: %s\n", name, contents(std::string(kLoopback) + name).c_str());
  }
  for (const char* name : {"collisions", "multicast", "rx_crc_errors", "rx_dropped", "rx_errors", "tx_errors"}) {
    say("  %s: %s\n", name, contents(std::string(kLoopback) + "statistics/" + name).c_str());
  }
  const std::string received = contents(std::string(kLoopback) + "statistics/rx_bytes");
  say("received as much as sent: %d\n", received == contents(std::string(kLoopback) + "statistics/tx_bytes"));
}

// How many are in a list like "0-3,7"; 0 for "".
long count_of(const std::string& path) {
  const std::string list = contents(path);
  long count = 0;
  for (const char* at = list.c_str(); *at != '|' && *at != '\0';) {
    char* end = nullptr;
    const long first = std::strtol(at, &end, 10);
    const long last = *end == '-' ? std::strtol(end + 1, &end, 10) : first;
    count += last - first + 1;
    at = *end == ',' ? end + 1 : end;
  }
  return count;
}

void processors() {
  say("processors\n");
  const std::string cpus = kCpus, nodes = kNodes;
  say("online as sysconf says: %d", count_of(cpus + "online") == ::sysconf(_SC_NPROCESSORS_ONLN));
  say(", configured: %d", count_of(cpus + "possible") >= ::sysconf(_SC_NPROCESSORS_CONF));
  say(", present: %d\n", count_of(cpus + "present") >= count_of(cpus + "online"));
  say("node 0 has all: %d", contents(nodes + "node0/cpulist") == contents(cpus + "online"));
  say(", nodes \"%s\" \"%s\"", contents(nodes + "online").c_str(), contents(nodes + "has_memory").c_str());
  say(", distance \"%s\"\n", contents(nodes + "node0/distance").c_str());
  const std::string meminfo = contents(nodes + "node0/meminfo");
  say("meminfo: %.17s, %zu\n", meminfo.c_str(), meminfo.find("|Node 0 MemFree:") - meminfo.find(" kB"));
  for (const char* name : {"core_id", "physical_package_id"}) {
    say("  %s: %s\n", name, contents(cpus + "cpu0/topology/" + name).c_str());
  }
  for (const char* name : {"/sys/bus/cpu/devices/cpu0", "/sys/bus/node/devices/node0"}) {
    say("  %s: %s\n", name, link_target(name).c_str());
  }
  for (const char* name : {"subsystem", "node0", "node0/cpu0"}) {
    say("  %s: %s\n", name, link_target(cpus + "cpu0/" + name).c_str());
  }
  // glibc asks CPUID itself; where the processor says nothing both say nothing.
  const long line = ::sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
  const long told = std::strtol(contents(cpus + "cpu0/cache/index0/coherency_line_size").c_str(), nullptr, 10);
  say("the first cache's lines: %s\n", told == line || told == 0 ? "as CPUID says" : "others");
}

void write_attempts() {
  say("open: %s", outcome(::open("mounted/class/net/lo/address", O_WRONLY)));
  say(", for both %s", outcome(::open("mounted/class/net/lo/address", O_RDWR)));
  say(", mkdir %s", outcome(::mkdir("mounted/new", 0755)));
  say(", new %s", outcome(::open("mounted/new", O_WRONLY | O_CREAT, 0644)));
  say(", unlink %s\n", outcome(::unlink("mounted/class/net/lo/address")));
}

// A second mount is of the same file system, and as read-only as the first, until it is told otherwise.
void second_mount() {
  say("second mount\n");
  ::mkdir("mounted", 0755);
  say("mount: %s\n", outcome(::mount("sysfs", "mounted", "sysfs", MS_NOSUID, nullptr)));
  struct stat first {
  }, second{};
  ::stat("/sys/power", &first);
  ::stat("mounted/power", &second);
  say("the same: %d\n", first.st_dev == second.st_dev && first.st_ino == second.st_ino);
  write_attempts();
  say("remount: %s\n", outcome(::mount(nullptr, "mounted", nullptr, MS_REMOUNT, nullptr)));
  write_attempts();
  say("%s\n", contents("mounted/class/net/lo/address").c_str());
  say("back: %s\n", outcome(::mount(nullptr, "mounted", nullptr, MS_REMOUNT | MS_RDONLY, nullptr)));
  say("umount: %s\n", outcome(::umount("mounted")));
}

int run() {
  file_system();
  reading();
  writing();
  loopback();
  processors();
  second_mount();
  return 0;
}

const Topic topic("sysfs", run);

}  // namespace
