// Standard input, output and error: the only descriptors that a payload gets.
#pragma once

#include <sys/types.h>

#include <array>

namespace husk::runner {

// Opens /dev/null for each of the three that is closed. Else the first files that husk opens would have their numbers,
// and what is kept for the payload because it is a stream would be IMAGE's directory or /dev/kvm. To be called before
// anything is opened.
void open_missing_streams();

// The payload's user becomes the owner of the files behind the streams, as runc has it (fixStdioPermissions): who opens
// /dev/stdout opens that file again, and its mode lets only its owner.
//
// runc's streams are nearly always pipes. Husk's are the caller's own files, and an owner may do more than who has a
// descriptor: read, write, change the mode. So the payload's user gets pipes and sockets, and files that it could
// overwrite and cut off anyway: those open for writing, but not for appending only. A terminal is the caller's, who
// gets it back when this object goes. Directories and devices stay whose they are.
class StreamLoan {
 public:
  // What cannot be given (EPERM, EROFS) stays as it is: the streams themselves work.
  explicit StreamLoan(uid_t owner);
  ~StreamLoan();
  StreamLoan(const StreamLoan&) = delete;
  StreamLoan& operator=(const StreamLoan&) = delete;

 private:
  static constexpr uid_t kNobody = static_cast<uid_t>(-1);
  std::array<uid_t, 3> previous_owners_;  // of terminals that were given away; kNobody: nothing to give back
};

}  // namespace husk::runner
