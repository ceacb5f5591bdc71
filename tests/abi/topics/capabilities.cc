// Capabilities: what capset(2) and prctl(2) change, what changes with the user ids, and what a program keeps.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

// <linux/capability.h>
enum Capability : unsigned {
  kChown = 0,
  kDacOverride = 1,
  kFowner = 3,
  kKill = 5,
  kSetgid = 6,
  kSetuid = 7,
  kSetpcap = 8,
  kNetRaw = 13,
  kSysChroot = 18
};
struct Header {
  std::uint32_t version = 0x2008'0522;
  int pid = 0;
};
struct Words {
  std::uint32_t effective, permitted, inheritable;
};
struct Sets {
  std::uint64_t effective, permitted, inheritable;
};
constexpr std::uint64_t bit(unsigned capability) {
  return std::uint64_t{1} << capability;
}

Sets get(int pid = 0) {
  Header header{.pid = pid};
  Words words[2]{};
  ::syscall(SYS_capget, &header, words);
  const auto join = [&](std::uint32_t Words::*word) { return std::uint64_t{words[1].*word} << 32 | words[0].*word; };
  return {join(&Words::effective), join(&Words::permitted), join(&Words::inheritable)};
}

const char* set(const Sets& sets, int pid = 0) {
  Header header{.pid = pid};
  Words words[2];
  for (int i = 0; i < 2; ++i) {
    words[i] = {static_cast<std::uint32_t>(sets.effective >> 32 * i),
                static_cast<std::uint32_t>(sets.permitted >> 32 * i),
                static_cast<std::uint32_t>(sets.inheritable >> 32 * i)};
  }
  return outcome(::syscall(SYS_capset, &header, words));
}

std::uint64_t set_of(int option) {
  std::uint64_t set = 0;
  for (unsigned i = 0; i < 41; ++i) {
    const int has = option == PR_CAP_AMBIENT ? ::prctl(option, PR_CAP_AMBIENT_IS_SET, i, 0, 0) : ::prctl(option, i);
    if (has == 1) set |= bit(i);
  }
  return set;
}

void tell(const char* what) {
  const Sets now = get();
  say("%s: effective %lx permitted %lx inheritable %lx bounding %lx ambient %lx secure %x keep %d dumpable %d\n", what,
      now.effective, now.permitted, now.inheritable, set_of(PR_CAPBSET_READ), set_of(PR_CAP_AMBIENT),
      ::prctl(PR_GET_SECUREBITS), ::prctl(PR_GET_KEEPCAPS), ::prctl(PR_GET_DUMPABLE));
}

void again(const char* what) {
  ::execl(self_path(), "abi_topics", "capabilities", what, nullptr);
  say("execl: %s\n", outcome(-1));
  ::_exit(1);
}

void with_capset() {
  const Sets all = get();
  say_end("capset", in_child([&] {
            const std::uint64_t some = bit(kChown) | bit(kSetuid) | bit(kKill);
            say("  the same %s", set(all));
            say(", not effective %s", set({0, all.permitted, 0}));
            say(", effective again %s", set(all));
            say(", inheritable %s", set({all.effective, all.permitted, bit(kChown) | bit(kNetRaw)}));
            say(", fewer %s", set({some, some, bit(kChown)}));
            say(", more %s", set(all));
            say(", effective but not permitted %s", set({all.effective, some, 0}));
            say(", inheritable but not permitted %s", set({some, some, bit(kNetRaw)}));
            say(", of somebody else %s\n", set({some, some, 0}, ::getppid()));
            tell("  now");
            say("  chown %s", outcome(::chown(".", 1, 1)));
            say(", chroot %s", outcome(::chroot(".")));
            say(", setgid %s", outcome(::setgid(7)));
            say(", setgroups %s", outcome(::syscall(SYS_setgroups, 0, nullptr)));
            say(", setuid %s\n", outcome(::setuid(7)));
            tell("  then");
            return 0;
          }));
  Header header{.version = 1, .pid = 0};
  Words words[2];
  say("version: %s", outcome(::syscall(SYS_capget, &header, words)));
  say(", %x\n", header.version);
  header.pid = -1;
  say("negative %s", outcome(::syscall(SYS_capget, &header, words)));
  header.pid = 99999;
  say(", nobody's %s\n", outcome(::syscall(SYS_capget, &header, words)));
}

void with_user_ids() {
  say_end("setuid", in_child([] {
            ::setuid(1000);
            tell("  user");
            return 0;
          }));
  say_end("seteuid", in_child([] {
            ::syscall(SYS_setresuid, -1, 1000, -1);
            tell("  acts as user");
            ::syscall(SYS_setresuid, -1, 0, -1);
            tell("  root again");
            return 0;
          }));
  say_end("setfsuid", in_child([] {
            ::syscall(SYS_setfsuid, 1000);
            tell("  another's files");
            ::syscall(SYS_setfsuid, 0);
            tell("  its own");
            return 0;
          }));
  say_end("keep", in_child([] {
            say("  keep %s", outcome(::prctl(PR_SET_KEEPCAPS, 1)));
            say(", wrong %s\n", outcome(::prctl(PR_SET_KEEPCAPS, 2)));
            ::setresuid(1000, 1000, 1000);
            tell("  kept");
            const Sets now = get();
            say("  effective %s\n", set({bit(kSetuid), now.permitted, 0}));
            say("  back %s\n", outcome(::setresuid(0, 0, 0)));
            tell("  root");
            return 0;
          }));
  say_end("keep until a program", in_child([] {
            ::prctl(PR_SET_KEEPCAPS, 1);
            ::setresuid(1000, 1000, 1000);
            ::chmod(".", 0755);
            again("user");
            return 0;
          }));
}

void with_bounding_set() {
  say_end("bounding set", in_child([] {
            say("  drop %s", outcome(::prctl(PR_CAPBSET_DROP, kNetRaw)));
            say(", no such %s", outcome(::prctl(PR_CAPBSET_DROP, 63)));
            say(", read no such %s", outcome(::prctl(PR_CAPBSET_READ, 63)));
            say(", read %d\n", ::prctl(PR_CAPBSET_READ, kNetRaw));
            tell("  now");
            const Sets now = get();
            say("  inheritable beyond it %s\n", set({now.effective, now.permitted, bit(kNetRaw)}));
            again("bounded");
            return 0;
          }));
  say_end("without CAP_SETPCAP", in_child([] {
            const Sets now = get();
            set({now.effective & ~bit(kSetpcap), now.permitted, 0});
            say("  drop %s", outcome(::prctl(PR_CAPBSET_DROP, kNetRaw)));
            say(", secure bits %s", outcome(::prctl(PR_SET_SECUREBITS, 1)));
            say(", the same ones %s\n", outcome(::prctl(PR_SET_SECUREBITS, 0)));
            return 0;
          }));
}

void with_ambient_set() {
  say_end("ambient", in_child([] {
            say("  raise %s", outcome(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kChown, 0, 0)));
            const Sets all = get();
            set({all.effective, all.permitted, bit(kChown) | bit(kKill)});
            say(", inheritable %s", outcome(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kChown, 0, 0)));
            say(", another %s", outcome(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kKill, 0, 0)));
            say(", wrong %s", outcome(::prctl(PR_CAP_AMBIENT, 9, kChown, 0, 0)));
            say(", no such %s", outcome(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 63, 0, 0)));
            say(", too much %s\n", outcome(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0)));
            tell("  now");
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, kKill, 0, 0);
            ::prctl(PR_SET_KEEPCAPS, 1);
            ::setresgid(1000, 1000, 1000);
            ::setresuid(1000, 1000, 1000);
            tell("  as a user");
            say("  raise %s\n", outcome(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kChown, 0, 0)));
            again("ambient");
            return 0;
          }));
  say_end("cleared", in_child([] {
            const Sets all = get();
            set({all.effective, all.permitted, bit(kChown)});
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kChown, 0, 0);
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
            tell("  all");
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kChown, 0, 0);
            set({all.effective, all.permitted, 0});
            tell("  not inheritable any more");
            return 0;
          }));
}

void with_secure_bits() {
  for (const int bits : {0x1, 0x2f, 0x10, 0x30, 0x40, 0x1000}) {
    say_end("secure bits", in_child([bits] {
              say("  %x: %s", bits, outcome(::prctl(PR_SET_SECUREBITS, bits)));
              say(", back %s", outcome(::prctl(PR_SET_SECUREBITS, 0)));
              say(", keep %s\n", outcome(::prctl(PR_SET_KEEPCAPS, 0)));
              ::prctl(PR_SET_SECUREBITS, bits);
              ::syscall(SYS_setresuid, -1, 1000, -1);
              tell("  acts as user");
              ::syscall(SYS_setresuid, -1, 0, -1);
              ::syscall(SYS_setfsuid, 0);
              again("secured");
              return 0;
            }));
  }
}

// What a user may who is root for files only, or may do something without being root.
void with_files() {
  write_file("secret", "x", 0600);
  ::mkdir("closed", 0700);
  write_file("closed/inside", "x", 0666);
  for (const std::uint64_t only : {std::uint64_t{0}, bit(kDacOverride), bit(2), bit(kFowner), bit(kChown), bit(4)}) {
    say("with %lx: ", only);
    say_end("files", in_child([only] {
              ::prctl(PR_SET_KEEPCAPS, 1);
              ::setresgid(1000, 1000, 1000);
              ::setresuid(1000, 1000, 1000);
              set({only, only, 0});
              say("read %s", outcome(::open("secret", O_RDONLY)));
              say(", write %s", outcome(::open("secret", O_WRONLY)));
              say(", search %s", outcome(::open("closed/inside", O_RDONLY)));
              say(", create %s", outcome(::open("closed/new", O_WRONLY | O_CREAT, 0600)));
              say(", chmod %s", outcome(::chmod("secret", 0600)));
              say(", chown %s", outcome(::chown("secret", 0, 0)));
              say(", access %s\n", outcome(::access("secret", R_OK)));
              return 0;
            }));
  }
  say_end("root without capabilities", in_child([] {
            ::chown("secret", 5, 5);
            set({0, 0, 0});
            say("read %s", outcome(::open("secret", O_RDONLY)));
            say(", kill 1 %s", outcome(::kill(1, 0)));
            say(", access %s\n", outcome(::access("secret", R_OK)));
            return 0;
          }));
}

int run() {
  if (arguments[0] != nullptr) {
    tell("  the next program");
    return 0;
  }
  // Not every Linux gives its root all of them: without CAP_SYS_MODULE and CAP_SYS_RESOURCE all are alike.
  const std::uint64_t left = get().permitted & ~(bit(16) | bit(24));
  for (const unsigned capability : {16, 24}) ::prctl(PR_CAPBSET_DROP, capability);
  set({left, left, 0});
  tell("at first");
  with_capset();
  with_user_ids();
  with_bounding_set();
  with_ambient_set();
  with_secure_bits();
  with_files();
  return 0;
}

const Topic topic("capabilities", run);

}  // namespace
