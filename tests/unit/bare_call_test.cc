#include "common/bare_call.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace husk {
namespace {

// pidfd_send_signal(2) has four arguments, and refuses flags. The call before it leaves something in their registers,
// which the kernel does not change.
TEST(BareCall, ArgumentsThatAreLeftOutAreZero) {
  const long self = bare::system_call(SYS_pidfd_open, ::getpid());
  ASSERT_GE(self, 0);
  constexpr long kOther = 0x5a5a;
  bare::system_call(SYS_getppid, kOther, kOther, kOther, kOther, kOther, kOther);
  EXPECT_EQ(bare::system_call(SYS_pidfd_send_signal, self, 0), 0);
  bare::system_call(SYS_close, self);
}

TEST(BareCall, ErrorsAreNegativeNumbers) {
  EXPECT_EQ(bare::system_call(SYS_close, -1), -EBADF);
}

}  // namespace
}  // namespace husk
