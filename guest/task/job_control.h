// Job control: stopping and continuing processes, and what a parent is told about its children (SIGCHLD, wait(2)).
#pragma once

namespace kernel::task {

class Process;
class Task;

// The default action of a stop signal, taken by a thread of `process`: all its threads stop at their next return to
// user mode, and the parent is told.
void stop_process(Process& process, int signal);
// SIGCONT was sent: wakes a stopped process, and tells the parent.
void continue_process(Process& process);
// SIGKILL was sent: lets stopped threads run so that they can die.
void release_stopped_threads(Process& process);
// Sleeps while the current task's process is stopped.
void wait_while_stopped();

// A process has become a zombie: sends its exit signal to the parent and wakes it. Returns whether nobody will wait for
// it, because the parent ignores SIGCHLD or set SA_NOCLDWAIT: then it is to be reaped at once.
bool notify_parent_of_exit(Process& process);

// Whether no member of the process group has a parent in the same session but another group: nobody could continue it,
// so SIGTSTP, SIGTTIN and SIGTTOU do not stop it (POSIX, "orphaned process group").
bool is_orphaned_group(int group);
// Before `process` exits, for its own group and for those of its children: a group with a stopped member that becomes
// orphaned by it gets SIGHUP and SIGCONT (_exit(2), POSIX).
void hang_up_orphaned_groups(Process& process);

}  // namespace kernel::task
