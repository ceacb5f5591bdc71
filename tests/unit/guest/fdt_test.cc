#include "lib/fdt.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tree_builder.h"

namespace kernel::fdt {
namespace {

using husk::test::TreeBuilder;

std::vector<std::byte> sample() {
  TreeBuilder tree;
  tree.u32("#address-cells", 2).text("compatible", "husk");
  tree.begin("memory@0").text("device_type", "memory").reg(0, 0x400'0000).end();
  tree.begin("soc");
  tree.begin("uart@d0000000").raw("compatible", std::string("vendor,uart\0ns16550\0", 20)).u64("speed", 115200).end();
  tree.begin("empty").end();
  tree.end();
  tree.begin("payload").raw("argv", std::string("sh\0-c\0\0true\0", 12)).raw("flag", "").end();
  return tree.finish();
}

class FdtTest : public ::testing::Test {
 protected:
  FdtTest() : blob(sample()), opened(Tree::open(blob)) {}
  const Tree& tree() { return opened.value(); }
  std::vector<std::byte> blob;
  Result<Tree> opened;
};

TEST_F(FdtTest, OpensATreeThatLibfdtMade) {
  EXPECT_TRUE(opened.ok());
}

TEST_F(FdtTest, ChildrenComeInOrder) {
  std::vector<std::string> names;
  for (const Node node : tree().root().children()) names.emplace_back(node.name());
  EXPECT_EQ(names, (std::vector<std::string>{"memory@0", "soc", "payload"}));
}

TEST_F(FdtTest, FindsNodesByPathWithAndWithoutUnitAddress) {
  EXPECT_EQ(tree().find("/")->name(), "");
  EXPECT_EQ(tree().find("/memory")->name(), "memory@0");
  EXPECT_EQ(tree().find("/soc/uart@d0000000")->base_name(), "uart");
  EXPECT_TRUE(tree().find("/soc/empty"));
  EXPECT_FALSE(tree().find("/soc/missing"));
  EXPECT_FALSE(tree().find("/soc/empty/deeper"));
  EXPECT_FALSE(tree().find("/uart"));  // not a child of the root
}

TEST_F(FdtTest, ReadsNumbersAndTexts) {
  const Node uart = *tree().find("/soc/uart");
  EXPECT_EQ(uart.property("speed")->as_u64(), 115200u);
  EXPECT_EQ(uart.property("speed")->as_u32(), std::nullopt);
  EXPECT_EQ(tree().root().property("compatible")->as_string(), "husk");
  EXPECT_EQ(tree().root().property("#address-cells")->as_u32(), 2u);
  EXPECT_FALSE(uart.property("sp"));
  EXPECT_TRUE(uart.is_compatible("ns16550"));
  EXPECT_FALSE(uart.is_compatible("ns1655"));
  EXPECT_EQ(tree().find("/memory")->property("reg")->double_cell(2), 0x400'0000u);
  EXPECT_EQ(tree().find("/memory")->property("reg")->double_cell(3), std::nullopt);
}

TEST_F(FdtTest, PropertiesOfANodeAreNotThoseOfItsChildren) {
  EXPECT_FALSE(tree().find("/soc")->property("compatible"));
  EXPECT_FALSE(tree().find("/soc/empty")->property("argv"));
}

TEST_F(FdtTest, StringListsKeepEmptyStrings) {
  const Property argv = *tree().find("/payload")->property("argv");
  std::vector<std::string> list;
  for (std::string_view text : argv.as_string_list()) list.emplace_back(text);
  EXPECT_EQ(list, (std::vector<std::string>{"sh", "-c", "", "true"}));
  EXPECT_EQ(argv.as_string_list().count(), 4u);
  EXPECT_EQ(argv.as_string(), std::nullopt);
  EXPECT_TRUE(tree().find("/payload")->property("flag")->as_string_list().empty());
}

TEST(StringListTest, DropsWhatHasNoNul) {
  const std::string_view text("a\0bc", 4);
  const StringList list(std::as_bytes(std::span(text)));
  EXPECT_EQ(list.count(), 1u);
  EXPECT_EQ(*list.begin(), "a");
}

TEST_F(FdtTest, RejectsEveryTruncation) {
  for (std::size_t size = 0; size < blob.size(); ++size) {
    EXPECT_FALSE(Tree::open(std::span(blob).first(size)).ok()) << size;
  }
}

// Visits everything, as deep as it goes: a sanitizer or a crash tells of reads out of bounds, a time-out of loops.
std::size_t walk(const Node& node, unsigned depth) {
  std::size_t seen = node.name().size();
  for (const char* name : {"reg", "compatible", "argv", "speed"}) {
    if (const auto property = node.property(name)) {
      seen += property->bytes().size() + property->as_string_list().count();
      if (const auto number = property->as_u64()) seen += *number & 1;
    }
  }
  EXPECT_LE(depth, 16u);
  for (const Node child : node.children()) seen += walk(child, depth + 1);
  return seen;
}

TEST_F(FdtTest, SurvivesDamagedTrees) {
  std::mt19937 random(20261123);
  std::size_t accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    // A copy on the heap of exactly this size, so that a read beyond it is seen.
    std::vector<std::byte> damaged = blob;
    const unsigned changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i) damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    const auto result = Tree::open(damaged);
    if (!result.ok()) continue;
    ++accepted;
    walk(result.value().root(), 0);
  }
  EXPECT_GT(accepted, 0u);  // changes inside values go unnoticed, so that the walk is tested, too
}

TEST(FdtDepthTest, RejectsTreesThatAreTooDeep) {
  TreeBuilder tree;
  for (int i = 0; i < 40; ++i) tree.begin("n");
  for (int i = 0; i < 40; ++i) tree.end();
  EXPECT_FALSE(Tree::open(tree.finish()).ok());
}

}  // namespace
}  // namespace kernel::fdt
