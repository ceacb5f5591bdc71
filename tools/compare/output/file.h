// Files that are read and written whole.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace husk::compare {

inline constexpr std::size_t kMostFileBytes = 256
                                              << 20;  // of a file to read: hundreds of times what a comparison writes

// Throws husk::Error, also for a directory and for what is larger than kMostFileBytes.
std::string read_file(const std::string& path);

// Throws husk::Error when write_file() could not write there either; changes nothing.
void check_can_write(const std::string& path);

// A file appears complete or not at all, under a name of its own until then; what is not a file (a pipe, a terminal,
// /dev/stdout, a symbolic link to something) is written in place. Throws husk::Error.
void write_file(const std::string& path, const std::string& text);

struct OutputFile {
  std::string path;
  std::function<std::string()> text;  // made when it is written
};

// Writes every file that can be written; then throws an error that names those that could not.
void write_files(const std::vector<OutputFile>& files);

// To standard output. Throws husk::Error. Who closes a pipe early ends this process, as usual (SIGPIPE).
void print(const std::string& text);

}  // namespace husk::compare
