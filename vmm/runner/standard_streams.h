// Standard input, output and error: the only descriptors that a payload gets.
#pragma once

#include <sys/types.h>

namespace husk::runner {

// Opens /dev/null for each of the three that is closed. Else the first files that husk opens would have their numbers,
// and what is kept for the payload because it is a stream would be IMAGE's directory or /dev/kvm. To be called before
// anything is opened.
void open_missing_streams();

// The payload's user becomes the owner of the files behind the streams, as runc has it (fixStdioPermissions): who opens
// /dev/stdout opens that file again, and its mode lets only its owner. What cannot be given (EPERM, EROFS) stays as it
// is: the streams themselves work.
//
// runc's streams are nearly always pipes. Husk's are the caller's own files, and an owner may do more than who has a
// descriptor: read, write, change the mode. So the payload's user gets pipes and sockets, and files that it could
// overwrite and cut off anyway: those open for writing, but not for appending only. Directories and devices stay whose
// they are, terminals above all. runc makes one for its container; the one here is the caller's, who goes on typing
// into it: as its owner the payload could let everybody read it (fchmod(2), also of the one /dev/tty of the host), and
// any process of that user on the host could open it meanwhile and keep it open.
void hand_over_streams(uid_t owner);

}  // namespace husk::runner
