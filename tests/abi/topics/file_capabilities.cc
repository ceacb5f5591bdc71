// execve(2) of programs that have capabilities (security.capability): what their process has, for a user, root, with what it
// inherits, with ambient ones, without new privileges, on a mount without set-user-ID; and attributes that make no sense.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

constexpr const char* kAttribute = "security.capability";
constexpr unsigned kVersion1 = 0x0100'0000, kVersion2 = 0x0200'0000, kVersion3 = 0x0300'0000, kEffective = 1;
constexpr unsigned bit(unsigned capability) {
  return 1u << capability;
}

// The ones that are given, or asked for: what else root has is the host's affair.
constexpr unsigned long kOfInterest =
    bit(CAP_CHOWN) | bit(CAP_KILL) | bit(CAP_NET_BIND_SERVICE) | bit(CAP_NET_RAW) | 1ul << CAP_CHECKPOINT_RESTORE;

// Run as the other program.
int tell() {
  char text[8192] = {};
  const int fd = ::open("/proc/self/status", O_RDONLY);
  ::read(fd, text, sizeof text - 1);
  ::close(fd);
  say("  uid %d euid %d secure %lu dumpable %d", static_cast<int>(::getuid()), static_cast<int>(::geteuid()),
      ::getauxval(AT_SECURE), ::prctl(PR_GET_DUMPABLE));
  for (const char* name : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    const char* line = std::strstr(text, name);
    say(" %s %lx", name, line ? std::strtoul(line + std::strlen(name) + 1, nullptr, 16) & kOfInterest : ~0ul);
  }
  say("\n");
  return 0;
}

void copy_program(const char* path, mode_t mode) {
  char buffer[65536];
  const int in = ::open(self_path(), O_RDONLY);
  const int out = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
  for (ssize_t size; (size = ::read(in, buffer, sizeof buffer)) > 0;) {
    if (::write(out, buffer, static_cast<std::size_t>(size)) != size) say("%s: %s\n", path, outcome(-1));
  }
  ::fchmod(out, mode);
  ::close(in);
  ::close(out);
}

void give(const char* path, std::initializer_list<unsigned> words) {
  if (::setxattr(path, kAttribute, std::data(words), words.size() * sizeof(unsigned), 0) != 0)
    say("  setxattr of %zu words: %s\n", words.size(), outcome(-1));
}

void set_inheritable(unsigned low) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  ::syscall(SYS_capget, &header, data);
  data[0].inheritable = low;
  if (::syscall(SYS_capset, &header, data) != 0) say("  capset: %s\n", outcome(-1));
}

template <typename Prepare>
void run_it(const char* what, const char* path, uid_t uid, Prepare prepare) {
  say_end(what, in_child([&] {
            ::setgroups(0, nullptr);
            prepare();
            ::setresgid(uid, uid, uid);
            ::setresuid(uid, uid, uid);
            ::execl(path, "abi_topics", "file_capabilities", "told", nullptr);
            say("  %s\n", outcome(-1));
            return 1;
          }));
}

void run_as_all(const char* path) {
  run_it(" user", path, 1000, [] {});
  run_it(" root", path, 0, [] {});
  run_it(" user who inherits", path, 1000, [] { set_inheritable(bit(CAP_CHOWN) | bit(CAP_NET_RAW) | bit(CAP_KILL)); });
  run_it(" no new privileges", path, 1000, [] { ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); });
  run_it(" a smaller bound", path, 1000, [] { ::prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0); });
  run_it(" without root's privileges", path, 0, [] { ::prctl(PR_SET_SECUREBITS, 1, 0, 0, 0); });
}

// Ambient capabilities outlive a program without an attribute, and not one that has it.
void run_ambient(const char* path) {
  say_end(" ambient", in_child([&] {
            ::setgroups(0, nullptr);
            ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
            ::setresuid(1000, 1000, 1000);
            set_inheritable(bit(CAP_KILL));
            if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) != 0) say("  %s\n", outcome(-1));
            ::execl(path, "abi_topics", "file_capabilities", "told", nullptr);
            return 1;
          }));
}

int run() {
  if (arguments[0] != nullptr) return tell();
  ::mkdir("programs", 0755);
  say("mount %s\n", outcome(::mount("programs", "programs", "tmpfs", 0, "mode=755")));
  ::chdir("programs");
  copy_program("program", 0755);

  say("none\n");
  run_as_all("program");
  run_ambient("program");
  const unsigned raw = bit(CAP_NET_RAW), bind = bit(CAP_NET_BIND_SERVICE), chown = bit(CAP_CHOWN);
  say("permitted and in force\n");
  give("program", {kVersion2 | kEffective, raw | bind, 0, 0, 0});
  run_as_all("program");
  run_ambient("program");
  say("permitted\n");
  give("program", {kVersion2, raw | bind, 0, bit(CAP_CHECKPOINT_RESTORE - 32), 0});
  run_as_all("program");
  say("inheritable\n");
  give("program", {kVersion2 | kEffective, 0, raw | chown, 0, 0});
  run_as_all("program");
  say("both, and numbers that there are not\n");
  give("program", {kVersion2 | kEffective, raw, chown, 0xffff'fe00, 0xffff'ffff});
  run_as_all("program");
  say("nothing\n");
  give("program", {kVersion2, 0, 0, 0, 0});
  run_as_all("program");
  run_ambient("program");
  say("in force, of nothing\n");
  give("program", {kVersion2 | kEffective, 0, 0, 0, 0});
  run_as_all("program");
  say("another user namespace's\n");
  give("program", {kVersion3 | kEffective, raw, 0, 0, 0, 5000});
  run_as_all("program");
  say("what cannot be set\n");
  give("program", {kVersion1 | kEffective, raw, 0});
  give("program", {kVersion2 | kEffective, raw, 0, 0});
  give("program", {0x0400'0000, raw, 0, 0, 0});

  say("set-user-ID root and capabilities\n");
  give("program", {kVersion2 | kEffective, raw, 0, 0, 0});
  ::chmod("program", 04755);
  run_as_all("program");
  say("a script\n");
  ::chmod("program", 0755);
  write_file("script", "#!./program file_capabilities\n", 0755);
  run_it(" its interpreter's", "script", 1000, [] {});
  give("script", {kVersion2 | kEffective, chown, 0, 0, 0});
  run_it(" not its own", "script", 1000, [] {});
  say("nosuid: %s\n", outcome(::mount(nullptr, ".", nullptr, MS_REMOUNT | MS_BIND | MS_NOSUID, nullptr)));
  run_as_all("program");
  return 0;
}

const Topic topic("file_capabilities", run);

}  // namespace
