// How credentials change: with the user and group ids, and with a program that is executed.
#pragma once

#include "lib/result.h"
#include "task/credentials.h"

namespace kernel::fs {
class File;
}

namespace kernel::task {

class Task;

// New ids for the current task: capabilities follow the user ids (capabilities(7)), and whoever changes whom it acts as
// is no longer what its old owner may look into or have killed with its parent (prctl(2), PR_SET_DUMPABLE,
// PR_SET_PDEATHSIG).
Result<void> change_user_ids(const Ids& ids);  // kAgain: no memory for the new user's record
void change_group_ids(const Ids& ids);

// setfsuid(2): only file capabilities follow.
void change_file_system_uid(std::uint32_t uid);

// What a program that is about to be executed makes of its task's ids and capabilities (execve(2); capabilities(7),
// "Transformation of capabilities during execve()"). Computed before the point of no return, because the new stack says
// it (AT_UID to AT_SECURE), and put into force after it.
struct ProgramIdentity {
  Ids users, groups;
  Capabilities capabilities;
  bool secure = false;    // AT_SECURE: the program has privileges that who starts it has not
  bool readable = false;  // its user may read the file, so what is in its memory is no secret
};
// `file` is what is mapped in the end: a script's interpreter. kIo.
Result<ProgramIdentity> identity_for_program(const Task& task, fs::File& file);
void assume(Task& task, const ProgramIdentity& identity);

// The capabilities of a container's first process, before its first program: those of whoever starts containers.
void set_initial_capabilities(Credentials& who);

}  // namespace kernel::task
