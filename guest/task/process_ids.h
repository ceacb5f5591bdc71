// The numbers that a process goes by, and the session that it belongs to (credentials(7)).
#pragma once

#include "task/ids.h"
#include "task/session.h"

namespace kernel::task {

struct ProcessIds {
  int pid = 0;
  GroupId group;
  Ref<Session> session;
  bool gave_up_terminal = false;  // the session's terminal is not this process's (TIOCNOTTY)

  bool leads_session() const { return session->id() == pid; }
  // The controlling terminal, or null.
  ControllingTerminal* terminal() const { return gave_up_terminal ? nullptr : session->terminal(); }
};

}  // namespace kernel::task
