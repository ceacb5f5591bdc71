// virtio_mmio.device= on the PVH loader's command line: numbers from outside that become addresses.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "boot/pvh/command_line.h"

namespace kernel::pvh {
namespace {

constexpr std::uint64_t kRegistersEnd = std::uint64_t{1} << 32;  // docs/pvh.md: "device registers below 4 GiB"

struct Parsed {
  explicit Parsed(std::string text) : memory(std::move(text)) {
    EXPECT_FALSE(split({memory.data(), memory.size() + 1}, words)) << memory;
    problem = read_options(words, options);
  }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;
  std::vector<std::string> arguments() const {
    std::vector<std::string> list;
    for (const std::string_view word : options.arguments) list.emplace_back(word);
    return list;
  }
  std::string memory;
  Words words;
  Options options;
  Problem problem;
};

std::string device(std::string_view value) {
  return " virtio_mmio.device=" + std::string(value);
}

TEST(PvhDeviceWordsTest, NumbersAreDecimalOrHexadecimalWithAUnit) {
  const std::tuple<std::string_view, std::uint64_t, std::uint64_t, std::uint32_t> cases[] = {
      {"512@0xfeb00e00:5", 512, 0xfeb0'0e00, 5},         // as QEMU writes it
      {"0X200@4273995776:0", 0x200, 0xfec0'0000, 0},     //
      {"1K@3G:23:7", 1024, 0xc000'0000, 23},             // with the ID that Linux knows
      {"1m@0xFFF00000:0x17", 1 << 20, 0xfff0'0000, 23},  // up to the last byte below 4 GiB
      {"256@0:1", 256, 0, 1},
  };
  for (const auto& [value, size, base, irq] : cases) {
    const Parsed parsed("init=/x" + device(value));
    EXPECT_EQ(parsed.problem.what, "") << value;
    ASSERT_EQ(parsed.options.device_count, 1u) << value;
    EXPECT_EQ(parsed.options.devices[0].size, size) << value;
    EXPECT_EQ(parsed.options.devices[0].base, base) << value;
    EXPECT_EQ(parsed.options.devices[0].irq, irq) << value;
  }
}

TEST(PvhDeviceWordsTest, RefusesWhatIsNoDevice) {
  for (const std::string_view value :
       {"", "@", "512", "512@", "512@0x1000", "512@0x1000:", "512@0x1000:x", "512@:5", "@0x1000:5", "0x@0x1000:5",
        "512@0x:5", "512:0x1000@5", "-512@0x1000:5", "512@-4:5", "512@0x1000:-1", "512KK@0x1000:5",  // malformed
        "512@0x1000:5:", "512@0x1000:5:x", "512@0x1000:5:1:2", "512@0x1000:5x", "512@0x1000:5@",     // something behind
        "0@0x1000:5", "255@0x1000:5", "2M@0x200000:5", "1048577@0x1000:5",                           // sizes
        "512@0x1002:5", "512@0x100000000:5", "512@0xffffff00:5", "512@0xfffffffc:5",                 // places
        "512@0x1000:24", "512@0x1000:4294967301",                                                    // pins
        // Overflow: in the digits, in the unit, and to something that would be right.
        "18446744073709551616@0x1000:5", "512@0x10000000000001000:5", "512@0x1000:18446744073709551621",
        "18014398509481984K@0x1000:5", "512@17179869184G:5", "18446744073709552128@0x1000:5",
        "512@99999999999999999999999999999999999999:5"}) {
    const Parsed parsed("init=/x" + device(value));
    EXPECT_TRUE(parsed.problem) << value;
    EXPECT_EQ(parsed.problem.object, device(value).substr(1));
    EXPECT_EQ(parsed.options.device_count, 0u) << value;
  }
}

TEST(PvhDeviceWordsTest, RefusesMoreDevicesThanTheIoApicHasPins) {
  std::string line = "init=/x";
  for (std::size_t i = 0; i < Options::kMaxDevices; ++i) line += device("512@0x1000:" + std::to_string(i));
  const Parsed full(line);
  EXPECT_EQ(full.problem.what, "");
  EXPECT_EQ(full.options.device_count, Options::kMaxDevices);
  EXPECT_EQ(full.options.devices.back().irq, Options::kMaxDevices - 1);
  const Parsed over(line + device("512@0x2000:0"));
  EXPECT_TRUE(over.problem);
  EXPECT_EQ(over.problem.object, device("512@0x2000:0").substr(1));
  EXPECT_EQ(over.options.device_count, Options::kMaxDevices);
}

// QEMU appends its words without a look at the line.
TEST(PvhDeviceWordsTest, TheMachinesWordsAtTheVeryEndAreNotThePayloads) {
  const std::string first = device("512@0x1000:1");
  const Parsed parsed("init=/x" + device("512@0x4000:4") + " -- a" + first + " husk.exit=1" + device("512@0x2000:2") +
                      device("512@0x3000:3"));
  EXPECT_EQ(parsed.problem.what, "");
  EXPECT_EQ(parsed.arguments(), (std::vector<std::string>{"a", first.substr(1), "husk.exit=1"}));
  EXPECT_EQ(parsed.options.exit_port, std::nullopt);
  ASSERT_EQ(parsed.options.device_count, 3u);
  EXPECT_EQ(parsed.options.devices[0].irq, 4u);  // in the order of the line
  EXPECT_EQ(parsed.options.devices[1].irq, 2u);
  EXPECT_EQ(parsed.options.devices[2].irq, 3u);

  const Parsed alone("init=/x --" + first);
  EXPECT_TRUE(alone.arguments().empty());
  EXPECT_EQ(alone.options.device_count, 1u);

  const Parsed empty_argument("init=/x -- \"\"" + first);
  EXPECT_EQ(empty_argument.arguments(), std::vector<std::string>{""});

  const Parsed bad("init=/x -- a" + device("512@0x1000"));
  EXPECT_EQ(bad.problem.object, device("512@0x1000").substr(1));
}

// Whatever the word is: what is taken lies where the loader may touch it.
TEST(PvhDeviceWordsTest, ADeviceThatIsTakenIsWithinItsLimits) {
  std::mt19937 random(20261126);
  constexpr std::string_view kCharacters = "0123456789abcfxKMG@:-";
  std::size_t taken = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string value = random() % 2 == 0 ? "512@0xfeb00e00:5" : "1M@0xfff00000:23:1";
    for (unsigned changes = random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % value.size();
      const char c = kCharacters[random() % kCharacters.size()];
      random() % 2 == 0 ? void(value[at] = c) : void(value.insert(at, 1, c));
    }
    const Parsed parsed("init=/x" + device(value));
    ASSERT_EQ(!parsed.problem, parsed.options.device_count == 1) << value;
    if (parsed.problem) continue;
    ++taken;
    const DeviceWord& found = parsed.options.devices[0];
    ASSERT_TRUE(found.size >= 0x100 && found.size <= 1 << 20) << value;
    ASSERT_TRUE(found.base % 4 == 0 && found.base < kRegistersEnd && found.size <= kRegistersEnd - found.base) << value;
    ASSERT_LT(found.irq, Options::kMaxDevices) << value;
  }
  EXPECT_GT(taken, 1'000u);
  EXPECT_LT(taken, 49'000u);
}

}  // namespace
}  // namespace kernel::pvh
