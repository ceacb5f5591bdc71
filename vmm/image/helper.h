// Work on a hostile tree, in a process of its own that can do nothing else (confinement.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace husk::image {

struct HelperJob {
  std::string task;       // what is done, for messages: "build the image of"
  std::string directory;  // absolute; what it may read
  int image_fd = -1;      // what it may write
  std::uint64_t max_bytes = 0;
  std::string notice;  // for a terminal, if it takes long
};

// What runs in the process, with a descriptor of the directory and the image's. What it throws is an error of the task's.
using HelperWork = std::function<void(int tree, int image)>;

// For the work: a line for --log-level info.
void helper_note(std::string_view line);

// Waits for the work. The process dies with the caller. Throws husk::Error in the work's own words.
void run_helper(const HelperJob& job, const HelperWork& work);

}  // namespace husk::image
