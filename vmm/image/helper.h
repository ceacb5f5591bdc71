// Work on a hostile tree, in a process of its own that can do nothing else (confinement.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

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

// For the work: a line for --log-level info, and the one that says why it failed.
void helper_note(std::string_view line);
void helper_complaint(std::string_view why);

// Waits for the work. The process dies with the caller. Throws husk::Error in the work's own words.
void run_helper(const HelperJob& job, const HelperWork& work);

// The same for a program that confines itself once it runs (vmm/oci/main.cc).
struct HelperProgram {
  std::string task, object;  // for messages: "import", "oci:DIR"
  std::string notice;        // for a terminal, if it takes long
  std::string name;          // of the file beside husk's own
  std::vector<std::string> arguments;
  std::vector<int> descriptors;  // that it gets beside its standard streams, under the same numbers
};

// `answer` is called for each line that is neither a note nor a complaint; whether the program may go on, which it waits
// for after some of them: it then gets a byte on standard input, else its end. Throws husk::Error in the program's words.
void run_helper_program(const HelperProgram& program, const std::function<bool(std::string_view line)>& answer);

}  // namespace husk::image
