// The collector of sockets that only their own queues keep alive: a socket that was sent to itself, or two of which each
// lies in the other's queue, would never be closed by counting references.
//
// It looks at the Unix sockets that are in queues. One whose file has more references than there are in queues is held
// by somebody; what it, and every socket that is not in a queue, can receive is alive, too. What is left only refers to
// itself: its queues are emptied, and counting does the rest (Linux's net/unix/garbage.c).
#pragma once

#include "fs/file.h"

namespace kernel::net {

// Of a file that entered or left the queue of a Unix socket.
void note_entered_queue(fs::File& file);
void note_left_queue(fs::File& file);

// For who makes or closes a socket, or sends one: there may be something to collect. Costs nothing while no sockets are in
// queues; while there are many, they are looked through once for as many calls.
void collect_now_and_then();
// A descriptor of this file is being closed, by who still has the last reference that is not in a queue, maybe.
void note_descriptor_closed(fs::File& file);

}  // namespace kernel::net
