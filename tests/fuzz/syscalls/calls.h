// How the tables of calls_*.cc are written.
#pragma once

#include "tests/fuzz/syscalls/kinds.h"

namespace fuzz {

template <std::uint64_t... kValues>
inline constexpr std::uint64_t value_list[] = {kValues...};

template <std::uint64_t... kValues>
constexpr Argument choice() {
  return {Kind::kChoice, value_list<kValues...>, sizeof...(kValues)};
}
template <std::uint64_t... kValues>
constexpr Argument flags() {
  return {Kind::kFlags, value_list<kValues...>, sizeof...(kValues)};
}
// Every value from 0 to one below.
template <std::uint64_t kEnd>
constexpr Argument up_to() {
  return {Kind::kChoice, nullptr, kEnd};
}

inline constexpr Argument kNumber{Kind::kNumber}, kSmall{Kind::kSmall}, kFd{Kind::kFd}, kPath{Kind::kPath},
    kName{Kind::kName}, kOut{Kind::kOut}, kIn{Kind::kIn}, kLength{Kind::kLength}, kAddress{Kind::kAddress},
    kMapLength{Kind::kMapLength}, kOffset{Kind::kOffset}, kOffsetIn{Kind::kOffsetIn}, kPid{Kind::kPid},
    kSignal{Kind::kSignal}, kSignalSet{Kind::kSignalSet}, kSetSize{Kind::kSetSize}, kAction{Kind::kAction},
    kTimespec{Kind::kTimespec}, kIovec{Kind::kIovec}, kCount{Kind::kCount}, kUid{Kind::kUid}, kMode{Kind::kMode},
    kPollFds{Kind::kPollFds}, kFutex{Kind::kFutex}, kTimerId{Kind::kTimerId}, kEvent{Kind::kEvent},
    kSignalInfo{Kind::kSignalInfo}, kStack{Kind::kStack}, kStrings{Kind::kStrings}, kLimit{Kind::kLimit},
    kDevice{Kind::kDevice}, kEpollEvent{Kind::kEpollEvent}, kSocketAddress{Kind::kSocketAddress},
    kSocketLength{Kind::kSocketLength}, kMessage{Kind::kMessage}, kMessages{Kind::kMessages},
    kSemaphoreOperations{Kind::kSemaphoreOperations}, kTypedMessage{Kind::kTypedMessage}, kIpcId{Kind::kIpcId},
    kQueueName{Kind::kQueueName}, kQueueAttributes{Kind::kQueueAttributes}, kSchedAttributes{Kind::kSchedAttributes},
    kTerminalAttributes{Kind::kTerminalAttributes}, kProcessClock{Kind::kProcessClock}, kFilter{Kind::kFilter},
    kNetlinkRequest{Kind::kNetlinkRequest};

struct Table {
  const Description* rows;
  std::size_t count;
};
extern const Table kFileTable, kMemoryTable, kTaskTable, kEventTable, kIpcTable, kSocketTable, kOtherTable;

}  // namespace fuzz
