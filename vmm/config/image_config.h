// What an image says of how it is to be run (the OCI image specification, "config").
#pragma once

#include <string>
#include <vector>

namespace husk::config {

struct ImageConfig {
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> environment;  // NAME=VALUE
  std::string working_directory;         // empty: the root
  std::string user;                      // as --user has it; empty: root
  std::string stop_signal;               // empty: SIGTERM
  std::vector<std::string> volumes;      // directories
  std::vector<std::string> ports;        // "80/tcp": what it says that it listens on
  std::vector<std::string> labels;       // NAME=VALUE
  bool has_health_check = false;         // which nothing runs

  // A directory says nothing, and neither does the image of one that was imported. A shell is what one wants then.
  static ImageConfig of_directory() {
    ImageConfig config;
    config.command = {"/bin/sh"};
    return config;
  }

  bool operator==(const ImageConfig&) const = default;
};

}  // namespace husk::config
