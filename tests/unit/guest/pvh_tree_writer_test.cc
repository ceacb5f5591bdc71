// The PVH loader's device tree, read by libfdt and by the kernel's own reader.
#include "boot/pvh/tree_writer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <random>
#include <string>

#include "boot_parameters.h"
#include "lib/fdt.h"
#include "tree_builder.h"

namespace kernel::pvh {
namespace {

using husk::test::TreeBuilder;
using Fill = std::function<void(TreeWriter&)>;

constexpr std::size_t kMaxNames = 512;  // TreeWriter's

// What `fill` writes into a buffer of `room` bytes, behind which nothing may change; empty if it does not fit.
std::vector<std::byte> write(const Fill& fill, std::size_t room = 16384) {
  constexpr std::size_t kGuardSize = 64;
  const std::vector<std::byte> guard(kGuardSize, std::byte{0xa5});
  std::vector<std::byte> memory(room + kGuardSize, std::byte{0xa5});
  TreeWriter tree{std::span(memory).first(room)};
  fill(tree);
  const std::size_t size = tree.finish();
  EXPECT_LE(size, room);
  EXPECT_TRUE(std::equal(guard.begin(), guard.end(), memory.begin() + room)) << "written behind " << room;
  memory.resize(size);
  return memory;
}

// Everything in a tree, in order, as libfdt reads it.
std::string dump(const std::vector<std::byte>& blob) {
  EXPECT_EQ(fdt_check_full(blob.data(), blob.size()), 0);
  EXPECT_EQ(fdt_totalsize(blob.data()), blob.size());
  EXPECT_EQ(fdt_num_mem_rsv(blob.data()), 0);
  std::string result;
  int depth = 0;
  for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(blob.data(), node, &depth)) {
    int length = 0;
    const char* name = fdt_get_name(blob.data(), node, &length);
    result +=
        std::string(static_cast<std::size_t>(depth), ' ') + std::string(name, static_cast<std::size_t>(length)) + '\n';
    int property = 0;
    fdt_for_each_property_offset(property, blob.data(), node) {
      const char* property_name = nullptr;
      const void* value = fdt_getprop_by_offset(blob.data(), property, &property_name, &length);
      result += std::string(property_name) + '=' +
                std::string(static_cast<const char*>(value), static_cast<std::size_t>(length)) + '\n';
    }
  }
  return result;
}

void sample(TreeWriter& tree) {
  tree.begin("");
  tree.u32("#address-cells", 2);
  tree.string("compatible", "husk");
  tree.begin_at("memory", 0);
  tree.reg(0, 0x400'0000);
  tree.end();
  tree.begin_at("memory", ~std::uint64_t{0});
  tree.reg(0x1'0000'0000, 0x1234'5678'9abc'def0);
  tree.end();
  tree.begin("husk");
  tree.u64("boot-tsc", 0x0123'4567'89ab'cdef);
  tree.begin_property("argv");
  tree.append_string("sh");
  tree.append(std::string_view("-c\0\0", 4));
  tree.append_string("true");
  tree.end_property();
  tree.bytes("seed", std::as_bytes(std::span("12345", 5)));
  tree.empty("terminal");
  tree.end();
  tree.end();
}

TEST(PvhTreeWriterTest, LibfdtReadsTheSameAsFromItsOwnTree) {
  TreeBuilder theirs;
  theirs.u32("#address-cells", 2).text("compatible", "husk");
  theirs.begin("memory@0").reg(0, 0x400'0000).end();
  theirs.begin("memory@ffffffffffffffff").reg(0x1'0000'0000, 0x1234'5678'9abc'def0).end();
  theirs.begin("husk").u64("boot-tsc", 0x0123'4567'89ab'cdef).raw("argv", std::string("sh\0-c\0\0true\0", 12));
  theirs.raw("seed", "12345").raw("terminal", "").end();
  EXPECT_EQ(dump(write(sample)), dump(theirs.finish()));
}

TEST(PvhTreeWriterTest, TheKernelsReaderFindsWhatWasWritten) {
  const auto blob = write(sample);
  const auto tree = fdt::Tree::open(blob);
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree.value().root().property("#address-cells")->as_u32(), 2u);
  EXPECT_TRUE(tree.value().root().is_compatible("husk"));
  EXPECT_EQ(tree.value().find("/memory@ffffffffffffffff")->property("reg")->double_cell(2), 0x1234'5678'9abc'def0u);
  const fdt::Node husk = *tree.value().find("/husk");
  EXPECT_EQ(husk.property("boot-tsc")->as_u64(), 0x0123'4567'89ab'cdefu);
  std::vector<std::string> arguments;
  for (const std::string_view text : husk.property("argv")->as_string_list()) arguments.emplace_back(text);
  EXPECT_EQ(arguments, (std::vector<std::string>{"sh", "-c", "", "true"}));
  EXPECT_EQ(husk.property("seed")->bytes().size(), 5u);
  EXPECT_EQ(husk.property("terminal")->bytes().size(), 0u);
}

// The least that docs/device-tree.md asks of a loader.
TEST(PvhTreeWriterTest, TheKernelBootsFromATreeOfItsOwnLoader) {
  const auto blob = write([](TreeWriter& tree) {
    tree.begin("");
    tree.begin_at("memory", 0x20'0000);
    tree.reg(0x20'0000, 0x3e0'0000);
    tree.end();
    tree.begin("chosen");
    tree.bytes("rng-seed", std::vector<std::byte>(64));
    tree.end();
    tree.begin("husk");
    tree.u32("tsc-khz", 2'600'000);
    tree.u64("boot-tsc", 1);
    tree.u64("boot-realtime-ns", 2);
    tree.u64("kernel-end", 0x18'0000);
    tree.begin("payload");
    tree.string("argv", "/bin/sh");
    tree.u32("uid", 1);
    tree.u32("gid", 2);
    tree.end();
    tree.begin("ports");
    tree.u32("log", 0xe9);
    tree.end();
    tree.end();
    tree.end();
  });
  BootParameters boot;
  EXPECT_EQ(read_boot_parameters(blob, boot), "");
  ASSERT_EQ(boot.memory_count, 1u);
  EXPECT_EQ(boot.memory[0].end(), 0x400'0000u);
  EXPECT_EQ(boot.random_seed.size(), 64u);
  EXPECT_EQ(boot.payload.gid, 2u);
  EXPECT_EQ(boot.ports.log, 0xe9);
}

TEST(PvhTreeWriterTest, SaysThatATreeDoesNotFitAndWritesNothingBehindItsBuffer) {
  const std::size_t full = write(sample).size();
  ASSERT_GT(full, 200u);
  for (std::size_t room = 0; room < full; ++room) EXPECT_TRUE(write(sample, room).empty()) << room;
  EXPECT_EQ(write(sample, full), write(sample));
}

TEST(PvhTreeWriterTest, ATreeWithoutThePartThatDoesNotFitIsNoTree) {
  const auto too_large = [](TreeWriter& tree) {
    tree.begin("");
    tree.bytes("large", std::vector<std::byte>(1000));
    tree.u32("small", 1);  // there would be room for it
    tree.end();
  };
  EXPECT_TRUE(write(too_large, 500).empty());
}

// Property names that fill `size` bytes with their NULs.
void write_names(TreeWriter& tree, std::size_t size) {
  constexpr std::size_t kEach = 16;
  tree.begin("");
  for (std::size_t i = 0; i < size / kEach; ++i) {
    std::string name = std::to_string(i);
    name.resize(kEach - 1, 'n');
    tree.empty(name);
  }
  if (size % kEach != 0) tree.empty(std::string(size % kEach - 1, 'r'));
  tree.end();
}

TEST(PvhTreeWriterTest, RefusesMorePropertyNamesThanItHasRoomFor) {
  const auto names = [](std::size_t size) { return write([&](TreeWriter& tree) { write_names(tree, size); }); };
  EXPECT_FALSE(names(kMaxNames - 1).empty());
  const auto full = names(kMaxNames);
  ASSERT_FALSE(full.empty());
  EXPECT_EQ(fdt_check_full(full.data(), full.size()), 0);
  EXPECT_TRUE(names(kMaxNames + 2).empty());
  EXPECT_TRUE(names(4 * kMaxNames).empty());

  for (const std::size_t length : {kMaxNames - 1, kMaxNames, kMaxNames + 1, 10 * kMaxNames}) {
    const auto one = write([&](TreeWriter& tree) {
      tree.begin("");
      tree.u32(std::string(length, 'n'), 1);
      tree.end();
    });
    EXPECT_EQ(one.empty(), length >= kMaxNames) << length;
  }
}

TEST(PvhTreeWriterTest, ANameIsStoredOnceAndNotTakenForAnotherThatItIsPartOf) {
  const auto blob = write([](TreeWriter& tree) {
    tree.begin("");
    for (int i = 0; i < 100; ++i) {
      tree.begin_at("n", static_cast<std::uint64_t>(i));
      tree.u32("reg-names", 1);
      tree.u32("reg", 2);
      tree.u32("names", 3);
      tree.u32("reg-name", 4);
      tree.end();
    }
    tree.end();
  });
  const auto tree = fdt::Tree::open(blob);
  ASSERT_TRUE(tree.ok());  // 100 times all the names would not fit
  const fdt::Node last = *tree.value().find("/n@63");
  EXPECT_EQ(last.property("reg-names")->as_u32(), 1u);
  EXPECT_EQ(last.property("reg")->as_u32(), 2u);
  EXPECT_EQ(last.property("names")->as_u32(), 3u);
  EXPECT_EQ(last.property("reg-name")->as_u32(), 4u);
}

// Values of all lengths modulo four, nodes without properties and without children, names of all lengths.
TEST(PvhTreeWriterTest, RandomTreesAreWhatLibfdtWouldHaveMade) {
  std::mt19937 random(20261126);
  for (int round = 0; round < 300; ++round) {
    TreeBuilder theirs;
    std::vector<Fill> steps;
    unsigned depth = 1;
    unsigned nodes = 0;
    bool properties_allowed = true;  // before a node's children
    unsigned properties = 0;
    for (int i = 0; i < 60; ++i) {
      const unsigned what = random() % 4;
      if (what == 0 && depth < 10) {
        const std::string name(1 + random() % 9, static_cast<char>('a' + random() % 26));
        const std::uint64_t address = ++nodes;  // siblings have different names
        char text[40];
        std::snprintf(text, sizeof text, "%s@%lx", name.c_str(), address);
        theirs.begin(text);
        steps.push_back([=](TreeWriter& tree) { tree.begin_at(name, address); });
        ++depth;
        properties_allowed = true;
        properties = 0;
      } else if (what == 1 && depth > 1) {
        theirs.end();
        steps.push_back([](TreeWriter& tree) { tree.end(); });
        --depth;
        properties_allowed = false;
      } else if (properties_allowed) {
        const std::string name = std::string(1 + properties, 'p') + std::to_string(properties);
        ++properties;
        std::string value(random() % 13, '\0');
        for (char& c : value) c = static_cast<char>(random());
        theirs.raw(name.c_str(), value);
        steps.push_back([=](TreeWriter& tree) { tree.bytes(name, std::as_bytes(std::span(value))); });
        if (properties == 15) properties_allowed = false;  // so that the names fit
      }
    }
    for (; depth > 1; --depth) {
      theirs.end();
      steps.push_back([](TreeWriter& tree) { tree.end(); });
    }
    const auto ours = write([&](TreeWriter& tree) {
      tree.begin("");
      for (const Fill& step : steps) step(tree);
      tree.end();
    });
    ASSERT_EQ(dump(ours), dump(theirs.finish()));
    ASSERT_TRUE(fdt::Tree::open(ours).ok());
  }
}

}  // namespace
}  // namespace kernel::pvh
