// The texts of /proc/PID/*: proc(5). `task` is the thread that speaks for the process, or the one of task/TID; null for
// a zombie.
#pragma once

#include "fs/proc/proc_text.h"
#include "lib/result.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::fs {

// Holds both: looking into a process's memory may let other tasks run, this process's among them, and it may end.
class ProcSubject {
 public:
  ProcSubject(task::Process& its_process, task::Task* its_task, int its_id, bool whole)
      : process(its_process),
        task(its_task),
        id(its_id),
        whole_process(whole),
        kept_process_(&its_process),
        kept_task_(its_task) {}

  task::Process& process;
  task::Task* task;
  int id;              // of the process, or of the thread that was asked for
  bool whole_process;  // /proc/PID, or /proc/TID, as opposed to /proc/PID/task/TID

 private:
  Ref<task::Process> kept_process_;
  Ref<task::Task> kept_task_;
};

using ProcWriter = Result<void> (*)(const ProcSubject&, ProcText&);
// Takes what was written to a file.
using ProcReader = Result<void> (*)(const ProcSubject&, std::string_view);

// process_status.cc
Result<void> write_process_stat(const ProcSubject& subject, ProcText& text);
Result<void> write_process_status(const ProcSubject& subject, ProcText& text);
Result<void> write_process_statm(const ProcSubject& subject, ProcText& text);
Result<void> write_process_limits(const ProcSubject& subject, ProcText& text);
Result<void> write_process_comm(const ProcSubject& subject, ProcText& text);
Result<void> write_process_io(const ProcSubject& subject, ProcText& text);

// process_controls.cc
Result<void> write_process_oom_score_adj(const ProcSubject& subject, ProcText& text);
Result<void> write_process_oom_adj(const ProcSubject& subject, ProcText& text);
Result<void> write_process_oom_score(const ProcSubject& subject, ProcText& text);
Result<void> write_process_id_map(const ProcSubject& subject, ProcText& text);
Result<void> write_process_setgroups(const ProcSubject& subject, ProcText& text);
Result<void> write_process_cgroup(const ProcSubject& subject, ProcText& text);
Result<void> write_process_personality(const ProcSubject& subject, ProcText& text);
Result<void> write_process_coredump_filter(const ProcSubject& subject, ProcText& text);
Result<void> write_process_children(const ProcSubject& subject, ProcText& text);
Result<void> write_process_wchan(const ProcSubject& subject, ProcText& text);
Result<void> accept_coredump_filter(const ProcSubject& subject, std::string_view text);
Result<void> accept_comm(const ProcSubject& subject, std::string_view text);
Result<void> accept_oom_score_adj(const ProcSubject& subject, std::string_view text);
Result<void> accept_oom_adj(const ProcSubject& subject, std::string_view text);

// process_memory.cc
Result<void> write_process_cmdline(const ProcSubject& subject, ProcText& text);
Result<void> write_process_environ(const ProcSubject& subject, ProcText& text);
Result<void> write_process_maps(const ProcSubject& subject, ProcText& text);
Result<void> write_process_smaps(const ProcSubject& subject, ProcText& text);
Result<void> write_process_smaps_rollup(const ProcSubject& subject, ProcText& text);
Result<void> write_process_auxv(const ProcSubject& subject, ProcText& text);

// mount_files.cc
Result<void> write_process_mounts(const ProcSubject& subject, ProcText& text);
Result<void> write_process_mountinfo(const ProcSubject& subject, ProcText& text);

}  // namespace kernel::fs
