// A read-only view of a flattened device tree (Devicetree Specification 0.4, chapter 5). The tree stays where it is;
// nodes, names and values are views into it. No allocation, no recursion.
//
//   fdt::Tree tree = TRY(fdt::Tree::open(blob));
//   for (fdt::Node node : tree.root().children()) ...
//
// open() checks the header and walks the whole structure once; what it lets through can be navigated without a further
// error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/result.h"

namespace kernel::fdt {

// A list of strings, each with its NUL, as `compatible` has it (specification, 2.2.4). What follows the last NUL is
// dropped.
class StringList {
 public:
  class Iterator {
   public:
    explicit Iterator(std::string_view rest) : rest_(rest) {}
    std::string_view operator*() const { return rest_.substr(0, rest_.find('\0')); }
    Iterator& operator++() {
      rest_.remove_prefix((**this).size() + 1);
      return *this;
    }
    bool operator!=(const Iterator& other) const { return rest_.size() != other.rest_.size(); }

   private:
    std::string_view rest_;
  };

  StringList() = default;
  explicit StringList(std::span<const std::byte> value) {
    std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
    text_ = text.substr(0, text.rfind('\0') + 1);  // npos + 1 == 0
  }
  Iterator begin() const { return Iterator(text_); }
  Iterator end() const { return Iterator({}); }
  bool empty() const { return text_.empty(); }
  std::size_t count() const;
  bool contains(std::string_view text) const;
  // Each string followed by its NUL, as execve(2)'s stack wants them.
  std::string_view bytes() const { return text_; }

 private:
  std::string_view text_;
};

// The value of a property. Numbers are big-endian.
class Property {
 public:
  Property(std::string_view name, std::span<const std::byte> value) : name_(name), value_(value) {}
  std::string_view name() const { return name_; }
  std::span<const std::byte> bytes() const { return value_; }
  // Nothing if the value has another size.
  std::optional<std::uint32_t> as_u32() const;
  std::optional<std::uint64_t> as_u64() const;
  // One string with its NUL at the very end; nothing if the value is not that.
  std::optional<std::string_view> as_string() const;
  StringList as_string_list() const { return StringList(value_); }
  // The cell (32-bit word) or the pair of cells at `index`; nothing beyond the end.
  std::optional<std::uint32_t> cell(std::size_t index) const;
  std::optional<std::uint64_t> double_cell(std::size_t cell_index) const;

 private:
  std::string_view name_;
  std::span<const std::byte> value_;
};

class Tree;

// A node of a tree that open() accepted.
class Node {
 public:
  std::string_view name() const { return name_; }  // with its unit address: "memory@0"
  std::string_view base_name() const { return name_.substr(0, name_.find('@')); }
  std::optional<Property> property(std::string_view name) const;
  bool is_compatible(std::string_view with) const;
  std::optional<Node> child(std::string_view name) const;  // by full name, or by base name if `name` has no '@'

  class Children;
  Children children() const;

 private:
  friend class Tree;
  Node(const Tree& tree, std::string_view name, std::size_t body) : tree_(&tree), name_(name), body_(body) {}
  const Tree* tree_;
  std::string_view name_;
  std::size_t body_;  // offset in the structure block of the token after the name
};

class Node::Children {
 public:
  class Iterator {
   public:
    explicit Iterator(std::optional<Node> node) : node_(node) {}
    Node operator*() const { return *node_; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return node_.has_value() != other.node_.has_value(); }

   private:
    std::optional<Node> node_;
  };
  explicit Children(std::optional<Node> first) : first_(first) {}
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(std::nullopt); }

 private:
  std::optional<Node> first_;
};

class Tree {
 public:
  // `blob` may be longer than the tree. kInval if it is not a well-formed tree of version 17 or compatible with it.
  static Result<Tree> open(std::span<const std::byte> blob);

  Node root() const;
  // "/husk/payload"; a component without '@' also matches a name with a unit address.
  std::optional<Node> find(std::string_view path) const;

 private:
  friend class Node;
  friend class Node::Children::Iterator;

  enum class Token : std::uint32_t { kBeginNode = 1, kEndNode = 2, kProperty = 3, kNop = 4, kEnd = 9 };
  // One token of the structure block with what belongs to it.
  struct Item {
    Token token;
    std::string_view
        name;  // of a property: what its name is at the head of, since few are looked at as far as their end
    std::span<const std::byte> value;
    std::size_t next;  // offset of the token after it
  };
  Tree(std::span<const std::byte> structure, std::span<const std::byte> strings)
      : structure_(structure), strings_(strings) {}
  std::optional<Item> read(std::size_t offset) const;  // nothing if malformed; skips NOPs
  bool well_formed() const;
  std::optional<Node> next_node(
      std::size_t offset) const;               // the first node from `offset` on, unless its parent ends before
  std::size_t end_of(const Node& node) const;  // offset of the token after the node's END_NODE

  std::span<const std::byte> structure_;
  std::span<const std::byte> strings_;
};

inline Node::Children Node::children() const {
  return Children(tree_->next_node(body_));
}

}  // namespace kernel::fdt
