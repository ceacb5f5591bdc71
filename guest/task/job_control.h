// Job control: stopping and continuing processes, and what a parent is told about its children (SIGCHLD, wait(2)).
#pragma once

namespace kernel::task {

class Process;
class Task;
class Tracee;

// SIGCHLD's si_code (sigaction(2)).
enum ChildCode : int {
  kChildExited = 1,
  kChildKilled = 2,
  kChildDumped = 3,
  kChildTrapped = 4,
  kChildStopped = 5,
  kChildContinued = 6
};

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
// Whether nobody waits for children of this process: SIGCHLD is ignored, or it has set SA_NOCLDWAIT.
bool ignores_children(const Process& parent);

// The same for the tracer of a thread (task/trace/tracee.h): it stopped or goes on, or has ended with this wait(2) status.
void tell_tracer_of_stop(Tracee& tracee, ChildCode code);
void tell_tracer_of_end(Tracee& tracee, int signal, int status);

// Whether no member of the process group has a parent in the same session but another group: nobody could continue it,
// so SIGTSTP, SIGTTIN and SIGTTOU do not stop it (POSIX, "orphaned process group").
bool is_orphaned_group(int group);
// Before `process` exits, for its own group and for those of its children: a group with a stopped member that becomes
// orphaned by it gets SIGHUP and SIGCONT (_exit(2), POSIX).
void hang_up_orphaned_groups(Process& process);

}  // namespace kernel::task
