// What an action's husk::Error says.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "vmm/error.h"

namespace husk::test {

// One line, as every error has it; "" if `action` throws none.
template <typename Action>
std::string error_of(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << "more than one line: " << text;
    return text;
  }
  return {};
}

}  // namespace husk::test
