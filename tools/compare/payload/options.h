// The payload's options that do work, see options.cc.
#pragma once

namespace husk::payload {

// The payload's exit statuses besides 0.
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnsupported = 3;

// The exit status of the process.
int run_options(int count, const char* const* arguments);

}  // namespace husk::payload
