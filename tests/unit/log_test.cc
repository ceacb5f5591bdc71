// husk's messages: one line each, whatever they quote.
#include "vmm/log.h"

#include <gtest/gtest.h>

namespace husk::log {
namespace {

TEST(Log, GivesATerminalNothingToObey) {
  testing::internal::CaptureStderr();
  write(Severity::kError, "cannot read a\x1b[31mb\nhusk: all is well\x7f.");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "husk: cannot read a?[31mb?husk: all is well?.\n");
}

}  // namespace
}  // namespace husk::log
