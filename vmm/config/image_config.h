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

  // A directory says nothing, and a name is that of a directory that was imported. A shell is what one wants then.
  static ImageConfig of_directory() {
    ImageConfig config;
    config.command = {"/bin/sh"};
    return config;
  }
};

}  // namespace husk::config
