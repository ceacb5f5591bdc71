// The kernel's containers, text formatting and log ring.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "lib/format.h"
#include "lib/list.h"
#include "lib/log_ring.h"
#include "lib/number_set.h"
#include "lib/string.h"
#include "lib/vector.h"

namespace kernel {
namespace {

template <typename... Args>
std::string format(std::string_view text, const Args&... args) {
  FixedText<64> out;
  out.print(text, args...);
  return std::string(out.view());
}

TEST(NumberSetTest, AgreesWithAModel) {
  NumberSet numbers;
  std::set<std::size_t> model;
  std::mt19937 generator(5);
  constexpr std::size_t kLargest = 20'000;
  ASSERT_TRUE(numbers.reserve(1).ok());
  const auto check = [&] {
    const std::size_t from = generator() % kLargest;
    std::size_t free = from;
    while (model.contains(free)) ++free;
    EXPECT_EQ(numbers.first_free(from), free);
    const auto next = model.lower_bound(from);
    EXPECT_EQ(numbers.next(from), next == model.end() ? NumberSet::kNone : *next);
    EXPECT_EQ(numbers.end(), model.empty() ? 0 : *model.rbegin() + 1);
    EXPECT_EQ(numbers.contains(from), model.contains(from));
  };
  for (int round = 0; round < 6; ++round) {
    // Runs of numbers, so that words and summaries fill and empty.
    for (int i = 0; i < 60; ++i) {
      const std::size_t start = generator() % kLargest, count = generator() % 3000;
      for (std::size_t n = start; n < std::min(kLargest, start + count); ++n) {
        ASSERT_TRUE(numbers.reserve(n + 1).ok());
        numbers.add(n);
        model.insert(n);
      }
      check();
      const std::size_t gap = generator() % kLargest;
      for (std::size_t n = gap; n < gap + generator() % 2000; ++n) {
        numbers.remove(n);
        model.erase(n);
      }
      check();
    }
    for (std::size_t n = 0; n < kLargest; ++n) numbers.remove(n);
    model.clear();
    check();
  }
}

TEST(VectorTest, GrowthMovesAllFewTimes) {
  Vector<int> vector;
  unsigned moves = 0;
  const int* before = nullptr;
  for (std::size_t size = 1; size <= 100'000; ++size) {
    ASSERT_TRUE(vector.resize(size).ok());
    if (vector.data() != before) ++moves;
    before = vector.data();
  }
  EXPECT_LT(moves, 20U);
  String text;
  moves = 0;
  const char* at = nullptr;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(text.append("x").ok());
    if (text.c_str() != at) ++moves;
    at = text.c_str();
  }
  EXPECT_LT(moves, 20U);
  EXPECT_EQ(text.size(), 100'000U);
}

TEST(FormatTest, TakesArgumentsInOrder) {
  EXPECT_EQ(format("{} of {}: {}", 1, 20u, "x"), "1 of 20: x");
  EXPECT_EQ(format("{x} {o} {}", 255, 8, 'c'), "ff 10 c");
  EXPECT_EQ(format("{}", std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(format("{x}", ~std::uint64_t{0}), "ffffffffffffffff");
  EXPECT_EQ(format("{} {}", 1), "1 ");  // an argument too few prints nothing
  EXPECT_EQ(format("no braces", 1), "no braces");
  EXPECT_EQ(format(""), "");
}

TEST(FormatTest, TruncatesAtTheEndOfTheStorage) {
  FixedText<4> text;
  text.print("{}", 123456);
  EXPECT_EQ(text.view(), "1234");
  EXPECT_TRUE(text.truncated());
}

struct Item {
  explicit Item(int n) : number(n) {}
  int number;
  ListNode node;
  ListNode other_node;
};
using ItemList = List<Item, &Item::node>;

std::vector<int> numbers(ItemList& list) {
  std::vector<int> out;
  for (Item& item : list) out.push_back(item.number);
  return out;
}

TEST(ListTest, KeepsOrderAndUnlinksDestroyedObjects) {
  ItemList list;
  Item a(1);
  auto b = std::make_unique<Item>(2);
  Item c(3);
  list.push_back(a);
  list.push_back(*b);
  list.push_front(c);
  EXPECT_EQ(numbers(list), (std::vector<int>{3, 1, 2}));
  b.reset();
  EXPECT_EQ(numbers(list), (std::vector<int>{3, 1}));
  EXPECT_EQ(list.pop_front(), &c);
  EXPECT_EQ(list.back(), &a);
  a.node.unlink();
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(ListTest, TheBodyOfALoopMayUnlinkTheCurrentObject) {
  ItemList list;
  std::vector<std::unique_ptr<Item>> items;
  for (int i = 0; i < 6; ++i) list.push_back(*items.emplace_back(std::make_unique<Item>(i)));
  for (Item& item : list) {
    if (item.number % 2 == 0) item.node.unlink();
  }
  EXPECT_EQ(numbers(list), (std::vector<int>{1, 3, 5}));
}

TEST(ListTest, AnObjectCanBeOnTwoLists) {
  ItemList first;
  List<Item, &Item::other_node> second;
  Item item(1);
  first.push_back(item);
  second.push_back(item);
  item.node.unlink();
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second.front(), &item);
}

TEST(VectorTest, InsertsErasesAndMoves) {
  Vector<std::unique_ptr<int>> vector;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(vector.push_back(std::make_unique<int>(i)));
  ASSERT_TRUE(vector.insert(3, std::make_unique<int>(99)));
  EXPECT_EQ(*vector[3], 99);
  EXPECT_EQ(*vector[4], 3);
  vector.erase(0, 3);
  EXPECT_EQ(vector.size(), 8u);
  EXPECT_EQ(*vector[0], 99);
  vector.erase(0);
  EXPECT_EQ(*vector[0], 3);
  Vector<std::unique_ptr<int>> moved(std::move(vector));
  EXPECT_EQ(moved.size(), 7u);
  EXPECT_TRUE(vector.empty());  // NOLINT(bugprone-use-after-move): defined for Vector
  ASSERT_TRUE(moved.resize(9));
  EXPECT_EQ(moved.back(), nullptr);
}

TEST(StringTest, IsAlwaysTerminated) {
  String empty;
  EXPECT_STREQ(empty.c_str(), "");
  auto made = String::from("abc");
  ASSERT_TRUE(made);
  String text = made.take();
  ASSERT_TRUE(text.append("def"));
  EXPECT_STREQ(text.c_str(), "abcdef");
  EXPECT_EQ(text.size(), 6u);
  EXPECT_EQ(text.view(), "abcdef");
}

TEST(LogRingTest, WritesLinesWithTheirSeverity) {
  auto log = std::make_unique<husk::abi::GuestLog>();
  append_to_log(*log, 4, "first");
  append_to_log(*log, 7, "second");
  EXPECT_EQ(std::string_view(log->text, log->written), "<4>first\n<7>second\n");
}

TEST(LogRingTest, ControlCharactersCannotForgeALineOrSteerATerminal) {
  auto log = std::make_unique<husk::abi::GuestLog>();
  append_to_log(*log, 6, "a\n<3>forged\x1b[2J\x7f");
  EXPECT_EQ(std::string_view(log->text, log->written), "<6>a?<3>forged?[2J?\n");
}

TEST(LogRingTest, KeepsTheLastBytesWhenItIsFull) {
  auto log = std::make_unique<husk::abi::GuestLog>();
  std::string all;
  for (int i = 0; i < 5000; ++i) {
    const std::string line = "line " + std::to_string(i);
    append_to_log(*log, 6, line);
    all += "<6>" + line + "\n";
  }
  ASSERT_EQ(log->written, all.size());
  for (std::size_t i = all.size() - sizeof log->text; i < all.size(); ++i) {
    ASSERT_EQ(log->text[i % sizeof log->text], all[i]);
  }
}

}  // namespace
}  // namespace kernel
