// The tree of mappings against a plain sorted map that does everything by looking at all of them.
#include "mm/mapping_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "mm/user_range.h"

namespace kernel::mm {
namespace {

constexpr std::uint64_t kLowest = 0x10000;
constexpr std::uint64_t kPage = 4096;

struct Node : MappingNode {
  Node(std::uint64_t start, std::uint64_t end, std::uint64_t distance)
      : MappingNode(start, end, distance), distance_below(distance) {}
  std::uint64_t distance_below;
  std::uint64_t edge() const { return start() - std::min(start(), distance_below); }
};

struct Model {
  MappingTree tree{kLowest};
  std::map<std::uint64_t, std::unique_ptr<Node>> nodes;

  bool free(std::uint64_t start, std::uint64_t end) const {
    for (const auto& [at, node] : nodes) {
      if (node->start() < end && start < node->end()) return false;
    }
    return true;
  }
  void add(std::uint64_t start, std::uint64_t end, std::uint64_t distance = 0) {
    auto node = std::make_unique<Node>(start, end, distance);
    tree.insert(*node);
    nodes[start] = std::move(node);
  }
  std::optional<std::uint64_t> highest_gap(std::uint64_t length, std::uint64_t low, std::uint64_t high) const {
    std::optional<std::uint64_t> best;
    std::uint64_t below = kLowest;
    const auto consider = [&](std::uint64_t start, std::uint64_t end) {
      start = std::max(start, low), end = std::min(end, high);
      if (end >= start && end - start >= length) best = end - length;
    };
    for (const auto& [at, node] : nodes) {
      if (node->edge() > below) consider(below, node->edge());
      below = node->end();
    }
    consider(below, high);
    return best;
  }
};

TEST(MappingTree, AgreesWithASearchOfEverything) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    Model model;
    const std::uint64_t span = kPage * (round % 2 ? 400 : 4000);
    for (int step = 0; step < 1500; ++step) {
      const std::uint64_t start = kLowest + random() % (span / kPage) * kPage;
      const std::uint64_t length = (1 + random() % 6) * kPage;
      const int what = static_cast<int>(random() % 10);
      if (what < 5) {
        if (model.free(start, start + length)) model.add(start, start + length, random() % 8 == 0 ? 5 * kPage : 0);
      } else if (what < 8) {
        auto at = model.nodes.lower_bound(start);
        if (at != model.nodes.end()) {
          model.tree.remove(*at->second);
          model.nodes.erase(at);
        }
      } else {
        // Cut off the beginning or the end, as a split does.
        auto at = model.nodes.lower_bound(start);
        if (at != model.nodes.end() && at->second->end() - at->first > kPage) {
          if (what == 8) {
            model.tree.set_bounds(*at->second, at->first, at->second->end() - kPage);
          } else {
            auto node = std::move(at->second);
            model.nodes.erase(at);
            model.tree.set_bounds(*node, node->start() + kPage, node->end());
            model.nodes[node->start()] = std::move(node);
          }
        }
      }
      ASSERT_EQ(model.tree.size(), model.nodes.size());
      const std::uint64_t wanted = (1 + random() % 12) * kPage;
      const std::uint64_t low = kLowest + random() % (span / kPage) * kPage;
      const std::uint64_t high = low + random() % (span / kPage) * kPage;
      ASSERT_EQ(model.tree.highest_gap(wanted, low, high), model.highest_gap(wanted, low, high));
      ASSERT_EQ(model.tree.highest_gap(wanted, 0, high), model.highest_gap(wanted, kLowest, high));
      const MappingNode* found = model.tree.first_ending_above(low);
      const MappingNode* expected = nullptr;
      for (const auto& [at, node] : model.nodes) {
        if (node->end() > low) {
          expected = node.get();
          break;
        }
      }
      ASSERT_EQ(found, expected);
    }
    const MappingNode* node = model.tree.first();
    for (const auto& [at, expected] : model.nodes) {
      ASSERT_EQ(node, expected.get());
      node = MappingTree::next(*node);
    }
    ASSERT_EQ(node, nullptr);
    node = model.tree.last();
    for (auto at = model.nodes.rbegin(); at != model.nodes.rend(); ++at) {
      ASSERT_EQ(node, at->second.get());
      node = MappingTree::previous(*node);
    }
    ASSERT_EQ(node, nullptr);
  }
}

TEST(MappingTree, AscendingAndDescendingOrderStayBalanced) {
  // 60,000 nodes in order: a tree that is not balanced takes 1.8e9 steps here.
  Model model;
  for (std::uint64_t i = 0; i < 30'000; ++i)
    model.add(kLowest + (100'000 + 2 * i) * kPage, kLowest + (100'001 + 2 * i) * kPage);
  for (std::uint64_t i = 0; i < 30'000; ++i)
    model.add(kLowest + (99'998 - 2 * i) * kPage, kLowest + (99'999 - 2 * i) * kPage);
  EXPECT_EQ(model.tree.size(), 60'000u);
  EXPECT_EQ(model.tree.highest_gap(2 * kPage, kLowest, kLowest + 100'000 * kPage),
            kLowest + (99'998 - 2 * 29'999 - 2) * kPage);
}

TEST(UserRange, NothingWraps) {
  constexpr std::uint64_t kEnd = husk::abi::kUserEnd;
  EXPECT_EQ(UserRange::of(0x10000, 1, Errno::kNoMem).value().size(), kPage);
  EXPECT_EQ(UserRange::of(0x10001, 1, Errno::kNoMem).error(), Errno::kInval);
  EXPECT_EQ(UserRange::of(0x10000, ~std::uint64_t{0}, Errno::kNoMem).error(), Errno::kNoMem);
  EXPECT_EQ(UserRange::of(~std::uint64_t{0} << 12, kPage, Errno::kFault).error(), Errno::kFault);
  EXPECT_EQ(UserRange::of(kEnd - kPage, kPage, Errno::kNoMem).value().end(), kEnd);
  EXPECT_EQ(UserRange::of(kEnd - kPage, kPage + 1, Errno::kNoMem).error(), Errno::kNoMem);
  EXPECT_EQ(UserRange::part_of(0x10000, ~std::uint64_t{0}, Errno::kInval).error(), Errno::kInval);
  EXPECT_EQ(UserRange::part_of(0x10000, ~std::uint64_t{0} << 12, Errno::kInval).error(), Errno::kInval);
  EXPECT_FALSE(UserRange::part_of(0x10000, std::uint64_t{1} << 62, Errno::kInval).value().whole);
  EXPECT_EQ(UserRange::part_of(0x10000, std::uint64_t{1} << 62, Errno::kInval).value().range.end(), kEnd);
  EXPECT_TRUE(UserRange::part_of(0x10000, 0, Errno::kInval).value().range.empty());
  EXPECT_TRUE(UserRange::part_of(0xffff'8000'0000'0000, kPage, Errno::kInval).value().range.empty());
}

}  // namespace
}  // namespace kernel::mm
