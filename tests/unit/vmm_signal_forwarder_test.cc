// A signal that asks for the end, and a guest's kernel that takes it or does not.
#include "vmm/machine/signal_forwarder.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>

#include "abi/husk_abi.h"
#include "tests/unit/fake_guest.h"

namespace husk::machine {
namespace {

class Host final : public ControlHost {
 public:
  void guest_exited(std::uint8_t, std::uint8_t) override {}
  void guest_panicked() override {}
  void flush_guest_log() override {}
  std::uint32_t window_size() override { return 0; }
  void save_vectors(Gpa) override {}
  void load_vectors(Gpa) override {}
  void prepare_ram(Gpa, std::uint64_t) override {}
};

struct Vm {
  std::uint32_t take_signals() {
    std::uint32_t value = 0;
    control.read(static_cast<std::uint64_t>(abi::ControlRegister::kSignals),
                 std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

  Host host;
  test::CountingInterrupt interrupt;
  ControlDevice control{host, interrupt};
};

// Waits for so many signals to arrive, or for ever: a tick of the forwarder's is one.
void wait_for_ticks(int count) {
  for (int i = 0; i < count; ++i) ::pause();
}

// In a process of its own, since the handlers are the process's. Returns wait(2)'s status.
int run(const std::function<int(Vm&, SignalForwarder&)>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    Vm vm;
    SignalForwarder forwarder(vm.control);
    ::_exit(body(vm, forwarder));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

void expect_exit(int expected, const std::function<int(Vm&, SignalForwarder&)>& body) {
  const int status = run(body);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), expected);
}

TEST(SignalForwarderTest, OneSignalThatNobodyTakesIsToldToTheLoop) {
  expect_exit(SIGTERM, [](Vm&, SignalForwarder& forwarder) {
    ::raise(SIGTERM);
    if (forwarder.unanswered() != 0) return 1;
    wait_for_ticks(SignalForwarder::kPatienceTicks);
    return forwarder.unanswered();
  });
}

TEST(SignalForwarderTest, ALoopThatIsStuckIsNotWaitedFor) {
  expect_exit(128 + SIGINT, [](Vm&, SignalForwarder&) {
    ::raise(SIGINT);
    for (;;) ::pause();
    return 1;
  });
}

TEST(SignalForwarderTest, AGuestThatHasTakenTheSignalHasTime) {
  expect_exit(0, [](Vm& vm, SignalForwarder& forwarder) {
    ::raise(SIGTERM);
    wait_for_ticks(SignalForwarder::kPatienceTicks - 1);
    if (vm.take_signals() != std::uint32_t{1} << SIGTERM) return 1;
    timespec rest{.tv_sec = 1, .tv_nsec = 500'000'000};
    while (::nanosleep(&rest, &rest) != 0) {
    }
    if (forwarder.unanswered() != 0) return 2;
    // The next one is waited for as long as the first.
    ::raise(SIGTERM);
    wait_for_ticks(SignalForwarder::kPatienceTicks - 1);
    return forwarder.unanswered() != 0 ? 3 : 0;
  });
}

TEST(SignalForwarderTest, SignalsThatDoNotAskForTheEndWaitForEver) {
  expect_exit(0, [](Vm&, SignalForwarder& forwarder) {
    ::raise(SIGWINCH);
    ::raise(SIGUSR1);
    timespec rest{.tv_sec = 1, .tv_nsec = 200'000'000};
    while (::nanosleep(&rest, &rest) != 0) {
    }
    return forwarder.unanswered();
  });
}

TEST(SignalForwarderTest, ALaterSignalDoesNotGiveMoreTime) {
  expect_exit(SIGTERM, [](Vm&, SignalForwarder& forwarder) {
    ::raise(SIGTERM);
    for (int i = 0; i < SignalForwarder::kPatienceTicks; ++i) {
      ::raise(SIGTERM);
      ::pause();
    }
    return forwarder.unanswered();
  });
}

// On one processor with three others: after more than a second of the clock it has had less than half of the patience.
TEST(SignalForwarderTest, AGuestThatHadNoProcessorHasTime) {
  cpu_set_t allowed, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  CPU_ZERO(&one);
  CPU_SET(::sched_getcpu(), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  pid_t others[3];
  for (pid_t& other : others) {
    other = ::fork();
    if (other == 0) {
      ::alarm(20);
      for (;;) ::getppid();
    }
  }
  expect_exit(0, [](Vm& vm, SignalForwarder& forwarder) {
    ::raise(SIGTERM);
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(1'200)) {
      if (forwarder.unanswered() != 0) return 1;
    }
    return vm.take_signals() != 0 ? 0 : 2;
  });
  for (const pid_t other : others) {
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
  }
  ::sched_setaffinity(0, sizeof allowed, &allowed);
}

constexpr std::int64_t kMs = 1'000'000;

// How many ticks until `wanted` if the thread runs for so long in each.
int ticks_until(Patience::State wanted, std::int64_t used_ns) {
  Patience patience;
  std::int64_t cpu = 5'000 * kMs;
  patience.begin(cpu);
  for (int ticks = 1; ticks < 1'000; ++ticks) {
    if (patience.tick(cpu += used_ns) == wanted) return ticks;
  }
  return 0;
}

TEST(PatienceTest, ItIsOverAfterTheTimeThatTheThreadHad) {
  EXPECT_EQ(ticks_until(Patience::State::kOver, 100 * kMs), Patience::kPatienceTicks);
  EXPECT_EQ(ticks_until(Patience::State::kOver, 99 * kMs), Patience::kPatienceTicks);
  EXPECT_EQ(ticks_until(Patience::State::kLastStep, 99 * kMs), Patience::kLastTicks);
  EXPECT_EQ(ticks_until(Patience::State::kOver, 50 * kMs), 2 * Patience::kPatienceTicks - 1);
}

TEST(PatienceTest, AThreadThatIsBlockedIsNotWaitedForLonger) {
  EXPECT_EQ(ticks_until(Patience::State::kOver, kMs / 10), Patience::kPatienceTicks);
  EXPECT_EQ(ticks_until(Patience::State::kLastStep, 0), Patience::kLastTicks);
}

TEST(PatienceTest, NobodyWaitsForEverOnABusyHost) {
  EXPECT_EQ(ticks_until(Patience::State::kOver, 2 * kMs), Patience::kMostTicks);
  EXPECT_EQ(ticks_until(Patience::State::kLastStep, 2 * kMs), Patience::kMostTicks + 2);
}

TEST(PatienceTest, EachSignalBeginsAnew) {
  Patience patience;
  patience.begin(0);
  std::int64_t cpu = 0;
  for (int tick = 1; tick < Patience::kPatienceTicks; ++tick) patience.tick(cpu += 100 * kMs);
  patience.begin(cpu);
  EXPECT_EQ(patience.tick(cpu += 100 * kMs), Patience::State::kWaiting);
}

TEST(SignalForwarderTest, SomebodyElsesAlarmDoesWhatItDoes) {
  expect_exit(128 + SIGALRM, [](Vm&, SignalForwarder&) {
    ::kill(::getpid(), SIGALRM);
    return 1;
  });
}

TEST(SignalForwarderTest, AfterItASignalEndsTheProcess) {
  const pid_t child = ::fork();
  if (child == 0) {
    Vm vm;
    {
      const SignalForwarder forwarder(vm.control);
      ::raise(SIGTERM);
    }
    ::usleep(300'000);  // no tick comes any more, which would kill now
    ::raise(SIGTERM);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

}  // namespace
}  // namespace husk::machine
