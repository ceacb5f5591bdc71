// What /proc says of a process (proc(5)). Everything is empty for a process that has ended.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace husk::compare::proc {

std::filesystem::path of(pid_t pid);

// A field of the file `status` in a directory of a process or thread.
std::string status_field(const std::filesystem::path& directory, const std::string& key);

std::vector<pid_t> threads(pid_t pid);

// What its descriptors lead to, by number: "/dev/null", "pipe:[4711]", "anon_inode:kvm-vcpu:0".
std::map<int, std::string> open_files(pid_t pid);

// The path of what it executes, as the link says; without the word that marks a deleted file.
std::string executable(pid_t pid);

}  // namespace husk::compare::proc
