// What a payload does not take over from the caller: seen by a child process, which changes nothing of the tests'.
#include "vmm/runner/limits.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

#include "tests/unit/in_child.h"

namespace husk::runner {
namespace {

using test::expect_in_child;

long session_keyring() {
  return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

long add_key(const char* name, long keyring) {
  return syscall(SYS_add_key, "user", name, "secret", 6, keyring);
}

long find_key(const char* name) {
  return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0);
}

TEST(Limits, DescriptorsAsInRuncsDefaultConfiguration) {
  expect_in_child([] {
    limit_descriptors();
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 1024 && limit.rlim_max == 1024;
  });
}

TEST(Limits, DescriptorsNeverMoreThanTheCallerHas) {
  expect_in_child([] {
    const rlimit caller{50, 100};
    if (setrlimit(RLIMIT_NOFILE, &caller) != 0) return false;
    limit_descriptors();
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 100 && limit.rlim_max == 100;
  });
}

TEST(Keyring, KeysOfTheCallersSessionAreOutOfReach) {
  if (session_keyring() < 0 && errno == ENOSYS) GTEST_SKIP() << "this kernel has no keys";
  expect_in_child([] {
    // The caller's session, with a key in it; a child then has it too.
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return false;
    const long caller = session_keyring();
    if (add_key("husk-test", KEY_SPEC_SESSION_KEYRING) < 0 || find_key("husk-test") < 0) return false;
    leave_session_keyring();
    return session_keyring() != caller && find_key("husk-test") < 0 && errno == ENOKEY;
  });
}

TEST(Keyring, AFilterAroundHuskThatRefusesKeyctlIsNoError) {
  expect_in_child([] {
    sock_filter refuse_keyctl[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(refuse_keyctl), refuse_keyctl};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
      return false;
    }
    leave_session_keyring();
    return true;
  });
}

}  // namespace
}  // namespace husk::runner
