// The numbers that a process goes by (credentials(7)).
#pragma once

#include "task/ids.h"

namespace kernel::task {

struct ProcessIds {
  int pid = 0;
  GroupId group;
  SessionId session;

  bool leads_session() const { return session == pid; }
  // setsid(2): a session of its own, and the first process group in it.
  void lead_session() { session = group = pid; }
};

}  // namespace kernel::task
