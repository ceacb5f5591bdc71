// File descriptors of a process that is about to become a payload, and how one gets to husk. Which stay open:
// vmm/descriptors.h.
#pragma once

#include <cstddef>
#include <span>

#include "common/unique_fd.h"

namespace husk::runner {

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
