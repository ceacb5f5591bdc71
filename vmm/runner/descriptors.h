// File descriptors of a process that is about to become a payload: which stay open, and how one gets to husk.
#pragma once

#include <cstddef>
#include <span>

#include "common/unique_fd.h"

namespace husk::runner {

// Closes every descriptor but the standard streams and `kept`, in which -1 stands for nothing. Really closes them, at
// once: one that is closed by execve(2) is still open while execve looks up its path (CVE-2024-21626).
// For a process that has a descriptor table of its own.
void keep_only(std::span<const int> kept);

// All but the standard streams are closed by the coming execve(2): enough where that looks up no path of an image's.
void close_others_on_exec();

// A pair of connected sockets (unix(7)), close-on-exec, that keep what is sent apart.
struct SocketPair {
  UniqueFd husk;
  UniqueFd child;
};
SocketPair make_socket_pair();

// Sends `descriptor` and `size` bytes, at least one, in one message; throws.
void send_descriptor(int socket, int descriptor, const void* bytes, std::size_t size);

// A descriptor that has been sent, close-on-exec; not open when there is none. Does not wait.
UniqueFd take_descriptor(int socket);

}  // namespace husk::runner
