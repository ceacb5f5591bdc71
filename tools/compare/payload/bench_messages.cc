// Sockets, futexes and readiness: what servers and threads wait with.
#include "tools/compare/payload/bench.h"
#include "tools/compare/payload/options.h"
#include "tools/compare/payload/ping_pong.h"
#include "tools/compare/payload/scratch_file.h"

namespace husk::payload {
namespace {

using Ends = int[2];

Outcome tcp_ends(Ends& ends) {
  const char* step = nullptr;
  const long result = connect_to_self(ends, step);
  return checked(result, step);
}

Outcome unix_ends(Ends& ends) {
  return checked(make_socket_pair(ends), "socketpair");
}

Outcome round_trips(const BenchContext& context, Measured& measured, Outcome (*make)(Ends&)) {
  Ends ends;
  if (const Outcome made = make(ends); !made) return made;
  return ping_pong(context, measured, {ends[0], ends[0]}, {ends[1], ends[1]});
}

// Sends as many chunks as each request says, until there are no more requests.
[[noreturn]] void send_chunks(int descriptor, const unsigned char* chunk) {
  uint64_t count = 0;
  while (read_some(descriptor, &count, sizeof count) == sizeof count) {
    for (; count > 0; --count) {
      for (size_t done = 0; done < kFileChunk;) {
        const long sent = write_some(descriptor, chunk + done, kFileChunk - done);
        if (sent <= 0) leave(kFailed);
        done += static_cast<size_t>(sent);
      }
    }
  }
  leave(0);
}

// 64 KiB a call from a child to this process, on one processor. Nothing is on its way before the request, nor after the last byte.
Outcome stream(const BenchContext& context, Measured& measured, Outcome (*make)(Ends&)) {
  Ends ends;
  if (const Outcome made = make(ends); !made) return made;
  unsigned char* chunk = nullptr;
  if (const Outcome made = make_chunk(chunk); !made) return made;
  if (const Outcome stays = checked(stay_on_this_processor(), "sched_setaffinity"); !stays) return stays;
  const long child = fork_process();
  if (child < 0) return checked(child, "fork");
  if (child == 0) {
    close_file(ends[0]);
    send_chunks(ends[1], chunk);
  }
  close_file(ends[1]);
  Outcome outcome = calibrate_whole(context, measured, [&](uint64_t count) {
    const long asked = write_some(ends[0], &count, sizeof count);
    if (asked != sizeof count) return checked(asked < 0 ? asked : kNoErrorNumber, "write");
    for (uint64_t left = count * kFileChunk; left > 0;) {
      const long got = read_some(ends[0], chunk, left < kFileChunk ? static_cast<size_t>(left) : kFileChunk);
      if (got <= 0) return checked(got < 0 ? got : kNoErrorNumber, "read");
      left -= static_cast<uint64_t>(got);
    }
    return Outcome{};
  });
  close_file(ends[0]);
  const long status = wait_for(child);
  if (outcome && status < 0) outcome = checked(status, "wait");
  if (outcome && status > 0) outcome = {kNoErrorNumber, "sender"};
  return outcome;
}

// Whose turn it is, in memory that two processes share.
struct Turn {
  uint32_t word;
};
enum : uint32_t { kOurs, kTheirs, kOver };

// Waits for this turn, or for the end.
uint32_t await(Turn& turn, uint32_t wanted) {
  for (;;) {
    const uint32_t now = __atomic_load_n(&turn.word, __ATOMIC_ACQUIRE);
    if (now == wanted || now == kOver) return now;
    wait_on_word(turn.word, now);
  }
}

void hand_over(Turn& turn, uint32_t to) {
  __atomic_store_n(&turn.word, to, __ATOMIC_RELEASE);
  wake_word(turn.word);
}

}  // namespace

// One byte there and back, between two processes on one processor: over a connection to 127.0.0.1, and over a pair of AF_UNIX.
Outcome bench_tcp(const BenchContext& context, Measured& measured) {
  return round_trips(context, measured, tcp_ends);
}

Outcome bench_unix(const BenchContext& context, Measured& measured) {
  return round_trips(context, measured, unix_ends);
}

Outcome bench_tcp_stream(const BenchContext& context, Measured& measured) {
  return stream(context, measured, tcp_ends);
}

Outcome bench_unix_stream(const BenchContext& context, Measured& measured) {
  return stream(context, measured, unix_ends);
}

// Two processes on one processor that take turns by a word of memory. A round is two switches.
Outcome bench_futex(const BenchContext& context, Measured& measured) {
  unsigned char* memory = nullptr;
  if (const Outcome mapped = checked(map_shared_memory(kPageSize, memory), "mmap"); !mapped) return mapped;
  Turn& turn = *reinterpret_cast<Turn*>(memory);
  if (const Outcome can = checked(wake_word(turn.word), "futex"); !can) return can;
  if (const Outcome stays = checked(stay_on_this_processor(), "sched_setaffinity"); !stays) return stays;
  const long child = fork_process();
  if (child < 0) return checked(child, "fork");
  if (child == 0) {
    while (await(turn, kTheirs) == kTheirs) hand_over(turn, kOurs);
    leave(0);
  }
  Outcome outcome = calibrate_whole(context, measured, [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      hand_over(turn, kTheirs);
      await(turn, kOurs);
    }
    return Outcome{};
  });
  constexpr uint64_t kSwitchesPerRound = 2;
  measured.iterations *= kSwitchesPerRound;
  hand_over(turn, kOver);
  const long status = wait_for(child);
  if (outcome && status < 0) outcome = checked(status, "wait");
  return outcome;
}

// One of 1,000 event counters that an epoll watches becomes ready, is found, and is read.
Outcome bench_epoll(const BenchContext& context, Measured& measured) {
  constexpr unsigned kWatched = 1000;
  const long epoll = make_epoll();
  if (epoll < 0) return checked(epoll, "epoll_create");
  int counters[kWatched];
  for (int& counter : counters) {
    const long made = make_event_counter();
    if (made < 0) return checked(made, "eventfd");
    counter = static_cast<int>(made);
    if (const Outcome watched = checked(watch_file(static_cast<int>(epoll), counter), "epoll_ctl"); !watched)
      return watched;
  }
  return calibrate_whole(context, measured, [&](uint64_t count) {
    constexpr unsigned kStride = 7;  // neither the one before nor the next
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t value = 1;
      const int expected = counters[i * kStride % kWatched];
      if (const long sent = write_some(expected, &value, sizeof value); sent < 0) return checked(sent, "write");
      const long ready = wait_for_file(static_cast<int>(epoll));
      if (ready != expected) return checked(ready < 0 ? ready : kNoErrorNumber, "epoll_wait");
      if (const long got = read_some(expected, &value, sizeof value); got < 0) return checked(got, "read");
    }
    return Outcome{};
  });
}

// The clock as a libc reads it, without a system call where the kernel offers that.
Outcome bench_clock(const BenchContext& context, Measured& measured) {
  LibraryClock clock;
  if (const Outcome found = checked(library_clock(context.arguments, clock), "vdso"); !found) return found;
  return calibrate_whole(context, measured, [clock](uint64_t count) {
    Moment moment = {};
    for (uint64_t i = 0; i < count; ++i) {
      if (const int result = clock.function(clock.clock, &moment); result < 0) return checked(result, "clock_gettime");
    }
    return Outcome{};
  });
}

}  // namespace husk::payload
