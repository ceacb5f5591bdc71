// Payloads that are known to take a time or an amount of memory: the instrument must find it.
//
// Broken instruments that these find are named at each; all were tried by hand. Upper bounds are for a busy machine,
// where the least of several runs is looked at.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "tests/calibration/known_payload.h"
#include "tools/compare/host.h"
#include "tools/compare/host_settings.h"

namespace husk::compare::calibration {
namespace {

constexpr double kMs = 1e6;
constexpr double kMebibyte = 1 << 20;

#define SKIP_WITHOUT_ROOT() \
  if (!is_root()) GTEST_SKIP() << "needs root: a comparison mounts what its payloads run in"

std::vector<double> start_times(std::vector<std::string> arguments) {
  Bench bench(std::move(arguments));
  measure_start(bench.session(), bench.subject(), kStartStage);
  EXPECT_EQ(bench.note("start_ns"), "");
  return bench.values("start_ns");
}

// Found: an end that is taken before the process has ended; a clock that counts processor time, or in other units.
TEST(Calibration, APayloadThatSleeps100MsTakes100Ms) {
  SKIP_WITHOUT_ROOT();
  const std::vector<double> times = start_times({"sleep", "100"});
  ASSERT_EQ(times.size(), 5U);
  EXPECT_GE(std::ranges::min(times), 100 * kMs);
  EXPECT_LE(std::ranges::min(times), 125 * kMs);
  const std::vector<double> none = start_times({"sleep", "0"});
  ASSERT_EQ(none.size(), 5U);
  EXPECT_NEAR(std::ranges::min(times) - std::ranges::min(none), 100 * kMs, 15 * kMs);
}

// Found: processor time of children that is not looked at, or is not that of all of them.
TEST(Calibration, APayloadThatUses50MsOfAProcessorIsSeenToUseThem) {
  SKIP_WITHOUT_ROOT();
  constexpr unsigned kRuns = 6;
  Bench bench({"spin", "50"}, kRuns);
  NoiseMeter noise;
  const std::uint64_t begin = monotonic_ns();
  measure_start(bench.session(), bench.subject(), kStartStage);
  Host host = describe_host();
  noise.finish(host);
  const double seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
  const std::vector<double> times = bench.values("start_ns");
  ASSERT_EQ(times.size(), kRuns) << bench.note("start_ns");
  EXPECT_GE(std::ranges::min(times), 50 * kMs);
  const double runs = kRuns + kStartStage.warm_up;
  const double used = host.own_percent / 100 * seconds * host.cores;
  // /proc/stat counts in ticks of 10 ms, for each processor; the comparison itself uses a little.
  EXPECT_GE(used, runs * 0.05 - 0.03);
  EXPECT_LE(used, runs * 0.05 + 0.25);
}

// A process that nobody of the comparison has started or waited for.
// Found: "others" that is never anything.
TEST(Calibration, WhatOthersUseIsSeen) {
  NoiseMeter noise;
  const std::uint64_t begin = monotonic_ns();
  Process other = Process::start({HUSK_CALIBRATION_PAYLOAD, "spin", "400"}, Process::Streams::kNone);
  while (kill(other.pid(), 0) == 0 && monotonic_ns() - begin < 3'000'000'000) {
    std::ifstream file("/proc/" + std::to_string(other.pid()) + "/stat");
    std::string pid, name, state;
    if (file >> pid >> name >> state && state == "Z") break;  // it has ended, and not been waited for
    usleep(10'000);
  }
  Host host = describe_host();
  noise.finish(host);
  const double seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
  EXPECT_GE(host.others_percent / 100 * seconds * host.cores, 0.35);
  EXPECT_TRUE(other.wait(10'000));
}

struct Memory {
  double pss = 0;
  double private_bytes = 0;
  double shared = 0;
  double peak = 0;
  double kernel = -1;  // not known
  std::string why_no_kernel;
};

Memory memory_of(std::vector<std::string> arguments) {
  Bench bench(std::move(arguments), 3);
  Series alone;
  measure_memory(bench.session(), bench.subject(), alone);
  const auto middle = [&](const char* metric) {
    const std::vector<double> values = bench.values(metric);
    EXPECT_EQ(values.size(), 3U) << metric << " " << bench.note(metric);
    return values.empty() ? 0 : median(values);
  };
  Memory memory{middle("idle_pss_bytes"),
                middle("idle_private_bytes"),
                middle("idle_shared_bytes"),
                middle("peak_pss_bytes"),
                -1,
                bench.note("idle_kernel_bytes")};
  const std::vector<double> kernel = bench.values("idle_kernel_bytes");
  if (!kernel.empty()) memory.kernel = median(kernel);
  return memory;
}

// Found: a sum of the wrong lines of smaps_rollup, kilobytes for bytes, a look before the payload is ready.
TEST(Calibration, APayloadThatTouches16MiBHasThem) {
  SKIP_WITHOUT_ROOT();
  const Memory none = memory_of({"touch", "1"});
  const Memory memory = memory_of({"touch", "17"});
  EXPECT_NEAR(memory.pss - none.pss, 16 * kMebibyte, 0.1 * kMebibyte);
  EXPECT_NEAR(memory.private_bytes - none.private_bytes, 16 * kMebibyte, 0.1 * kMebibyte);
  EXPECT_NEAR(memory.shared, none.shared, 0.1 * kMebibyte);
  EXPECT_GE(memory.peak, memory.pss);
  EXPECT_LE(memory.peak, memory.pss + 0.5 * kMebibyte);
}

// Found: a control group that the payload is not in, or whose counter is not the kernel's.
TEST(Calibration, APayloadWith4MiBOfPageTablesHasThemInTheKernel) {
  SKIP_WITHOUT_ROOT();
  const Memory none = memory_of({"touch", "1"});
  if (none.kernel < 0) GTEST_SKIP() << "the kernel's memory is not counted here: " << none.why_no_kernel;
  const Memory memory = memory_of({"tables", "4"});
  EXPECT_GE(memory.kernel - none.kernel, 4 * kMebibyte);
  EXPECT_LE(memory.kernel - none.kernel, 4.5 * kMebibyte);
  EXPECT_NEAR(memory.pss, none.pss - kMebibyte, 0.2 * kMebibyte);
}

// Found: RSS for PSS, a tree without its children, shared pages that count as private.
TEST(Calibration, WhatFourProcessesOfOneInstanceShareCountsOnce) {
  SKIP_WITHOUT_ROOT();
  const Memory none = memory_of({"share", "1", "3"});
  const Memory memory = memory_of({"share", "9", "3"});
  EXPECT_NEAR(memory.pss - none.pss, 8 * kMebibyte, 0.2 * kMebibyte);
  EXPECT_NEAR(memory.shared - none.shared, 8 * kMebibyte, 0.2 * kMebibyte);
  EXPECT_NEAR(memory.private_bytes, none.private_bytes, 0.2 * kMebibyte);
}

// A file of so many MiB, mapped and read by this process.
class MappedFile {
 public:
  MappedFile(const std::string& path, std::size_t mebibytes) : size_(mebibytes << 20) {
    std::ofstream(path, std::ios::binary) << std::string(size_, 'x');
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    memory_ = static_cast<unsigned char*>(mmap(nullptr, size_, PROT_READ, MAP_SHARED | MAP_POPULATE, fd.get(), 0));
  }
  ~MappedFile() { munmap(memory_, size_); }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  bool is_mapped() const { return memory_ != MAP_FAILED; }

 private:
  std::size_t size_;
  unsigned char* memory_;
};

// Found: as above, and shares of what is mapped outside of the instance that count whole.
TEST(Calibration, OfWhatOneOtherProcessMapsTooHalfCounts) {
  SKIP_WITHOUT_ROOT();
  const std::string file = std::string(HUSK_CALIBRATION_DIRECTORY) + "/map-" + std::to_string(getpid());
  const MappedFile small(file + "-1", 1);
  const MappedFile large(file + "-9", 9);
  ASSERT_TRUE(small.is_mapped() && large.is_mapped());
  const Memory none = memory_of({"map", file + "-1"});
  const Memory memory = memory_of({"map", file + "-9"});
  unlink((file + "-1").c_str());
  unlink((file + "-9").c_str());
  EXPECT_NEAR(memory.pss - none.pss, 4 * kMebibyte, 0.2 * kMebibyte);
  EXPECT_NEAR(memory.shared - none.shared, 4 * kMebibyte, 0.2 * kMebibyte);
  EXPECT_NEAR(memory.private_bytes, none.private_bytes, 0.2 * kMebibyte);
}

// Found: files that are not emptied from the page cache, or only when they have been written back.
TEST(Calibration, AColdStartIsCold) {
  SKIP_WITHOUT_ROOT();
  if (find_program("strace").empty()) GTEST_SKIP() << "needs strace (apt package strace)";
  constexpr long kPages = 1024;
  const std::string file = std::string(HUSK_CALIBRATION_DIRECTORY) + "/cold-" + std::to_string(getpid());
  const std::string log = file + ".log";
  if (file_system_of(HUSK_CALIBRATION_DIRECTORY) == "tmpfs") GTEST_SKIP() << "needs a build directory on a disk";
  // Nobody asks for it to be written back: an image that has just been made is like that.
  std::ofstream(file, std::ios::binary) << std::string(kPages * 4096, 'x');
  std::vector<long> resident;
  {
    Bench bench({"resident", file, log}, 3);
    measure_cold_start(bench.session(), bench.subject());
    EXPECT_EQ(bench.values("cold_start_ns").size(), 3U) << bench.note("cold_start_ns");
    std::ifstream lines(log);
    for (long count = 0; lines >> count;) resident.push_back(count);
  }
  unlink(file.c_str());
  unlink(log.c_str());
  // First the run under strace, which is not timed: all of the file is there, and the payload sees it.
  EXPECT_THAT(resident, testing::ElementsAre(kPages, 0, 0, 0));
}

}  // namespace
}  // namespace husk::compare::calibration
