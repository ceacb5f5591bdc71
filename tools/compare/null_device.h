// The null device that runs get as standard input and output. It is one of the comparison's own, where one can be made: a
// runner may change the owner of its standard streams to that of its payload (gVisor does), and the host's /dev/null is
// everybody's.
#pragma once

#include <filesystem>

namespace husk::compare {

// Makes one in the directory, which must not be on a file system without devices (mount(8), nodev), and uses it from here
// on. Where that is not allowed the host's stays in use.
void make_own_null_device(const std::filesystem::path& directory);
bool has_own_null_device();

// Its descriptor, for reading and writing.
int null_device();

}  // namespace husk::compare
