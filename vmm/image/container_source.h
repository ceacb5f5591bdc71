// Container images as other tools name them: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], dir:DIR,
// a path whose kind is looked at, and "-" for an archive on standard input.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/unique_fd.h"

namespace husk::image {

struct ContainerSource {
  std::string text;         // for messages, as it was given
  std::string_view layout;  // as husk-import takes it (import_protocol.h)
  std::string path;         // empty: standard input
  std::string reference;    // which of several images

  bool is_directory() const;

  // A directory or an archive, for reading. Throws husk::Error.
  UniqueFd open() const;
};

// Nothing if the text does not begin as one of the above does.
std::optional<ContainerSource> parse_container_source(const std::string& text);

// The same of a path, by what is there: a file, or a directory in which there is an image instead of a root file system.
std::optional<ContainerSource> container_at(const std::string& path);

}  // namespace husk::image
