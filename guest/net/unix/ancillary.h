// What goes with the data of a Unix socket (unix(7), "Ancillary messages").
#pragma once

#include "lib/result.h"
#include "net/message.h"
#include "net/socket_options.h"
#include "net/unix/record.h"

namespace kernel::net {

struct Ancillary {
  Sender sender;  // of an SCM_CREDENTIALS
  Rights rights;
};

// Checked: kInval for a message that there is none such, or that is not well formed; kBadF; kPerm for credentials that
// are not the caller's own; kSrch.
Result<Ancillary> read_ancillary(const ControlInput* control);
// The current process by its real ids, as Linux stamps messages.
Sender current_sender();

// Hands over what a receive has found, in Linux's order; what nobody asked for is dropped and flagged.
Result<void> deliver_ancillary(IncomingMessage& message, const SocketOptions& options, const Sender& sender,
                               Rights rights);

}  // namespace kernel::net
