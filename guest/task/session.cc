#include "task/session.h"

#include "task/process.h"
#include "task/signal.h"

namespace kernel::task {

ControllingTerminal::~ControllingTerminal() = default;

bool ControllingTerminal::controls(const Process& process) const {
  return process.ids.terminal() == this;
}

void ControllingTerminal::signal_foreground(int signal) const {
  if (foreground_group_ != 0) send_signal_to_group(foreground_group_, kernel_signal(signal));
}

Result<Ref<Session>> Session::create(int id) {
  return make_ref<Session>(id);
}

Session::~Session() {
  let_go();
}

void Session::acquire(const Ref<ControllingTerminal>& terminal, Process& leader) {
  for_each_process([&](Process& process) {
    if (process.ids.session.get() == this) process.ids.gave_up_terminal = true;
    return true;
  });
  leader.ids.gave_up_terminal = false;
  terminal_ = terminal;
  terminal_->session_ = this;
  terminal_->foreground_group_ = leader.ids.group;
}

void Session::let_go() {
  if (!terminal_) return;
  terminal_->session_ = nullptr;
  terminal_->foreground_group_ = 0;
  terminal_ = nullptr;
}

void Session::lose_terminal() {
  let_go();
}

void Session::give_up_terminal() {
  if (!terminal_) return;
  terminal_->signal_foreground(kSigHup);
  terminal_->signal_foreground(kSigCont);
  group_to_hang_up_ = 0;
  let_go();
}

void Session::hang_up() {
  if (!terminal_) return;
  if (Process* leader = find_process(id_); leader && leader->ids.leads_session()) {
    send_signal(*leader, kernel_signal(kSigHup));
    send_signal(*leader, kernel_signal(kSigCont));
    group_to_hang_up_ = terminal_->foreground_group_;
  }
  let_go();
}

// Linux's disassociate_ctty(): who lost the terminal in a hang-up also gets a SIGCONT now, so that what is stopped sees
// the SIGHUP.
void Session::leader_ends() {
  if (terminal_) {
    terminal_->signal_foreground(kSigHup);
    let_go();
  } else if (group_to_hang_up_ != 0) {
    send_signal_to_group(group_to_hang_up_, kernel_signal(kSigHup));
    send_signal_to_group(group_to_hang_up_, kernel_signal(kSigCont));
  }
  group_to_hang_up_ = 0;
}

Result<void> start_session(Process& process) {
  Ref<Session> session = TRY(Session::create(process.ids.pid));
  process.ids.session = std::move(session);
  process.ids.group = process.ids.pid;
  process.ids.gave_up_terminal = false;
  return {};
}

}  // namespace kernel::task
