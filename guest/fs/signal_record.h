// What signalfd(2) hands out for a signal: struct signalfd_siginfo.
#pragma once

#include <cstdint>

#include "task/signal_state.h"

namespace kernel::fs {

struct SignalRecord {
  std::uint32_t signal;
  std::int32_t error;
  std::int32_t code;
  std::uint32_t pid;
  std::uint32_t uid;
  std::int32_t fd;
  std::uint32_t timer;
  std::uint32_t band;
  std::uint32_t overrun;
  std::uint32_t trap;
  std::int32_t status;
  std::int32_t integer;
  std::uint64_t pointer;
  std::uint64_t user_ticks;
  std::uint64_t system_ticks;
  std::uint64_t address;
  std::uint16_t address_bits;
  std::uint16_t padding;
  std::int32_t call;
  std::uint64_t call_address;
  std::uint32_t architecture;
  std::uint8_t unused[28];
};
static_assert(sizeof(SignalRecord) == 128);

SignalRecord to_record(const task::SignalInfo& info);

}  // namespace kernel::fs
