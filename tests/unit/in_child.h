// For what a test must not do to its own process.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

namespace husk::test {

// Runs `body` in a process of its own and expects true. (gtest's own failures have status 1, a crash none of these.)
inline void expect_in_child(const std::function<bool()>& body) {
  constexpr int kYes = 40;
  constexpr int kNo = 41;
  EXPECT_EXIT(::_exit(body() ? kYes : kNo), testing::ExitedWithCode(kYes), "");
}

}  // namespace husk::test
