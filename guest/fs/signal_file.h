// signalfd(2): signals as data. Whoever reads takes signals of his own that are pending, whoever made the descriptor: so
// what poll(2) says of it depends on who asks.
#pragma once

#include <cstdint>

#include "fs/anonymous_file.h"
#include "task/signal_state.h"

namespace kernel::fs {

class SignalFile final : public AnonymousFile {
 public:
  static constexpr FileKind kKind = FileKind::kSignals;

  // `flags`: O_NONBLOCK. SIGKILL and SIGSTOP are left out of the mask.
  static Result<Ref<SignalFile>> create(task::SignalSet mask, std::uint32_t flags);
  SignalFile(Path place, task::SignalSet mask, std::uint32_t flags);

  void set_mask(task::SignalSet mask);

  Readiness readiness() override;
  void describe(ProcText& text) override;

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override;

  task::SignalSet mask_;
};

}  // namespace kernel::fs
