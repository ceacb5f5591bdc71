// The mappings of an address space in the order of their addresses: an AVL tree in which every node also knows the
// widest gap below any mapping of its subtree, so that a place for a new mapping is found without looking at all of
// them.
//
// The nodes are the caller's; nothing here allocates, and nothing recurses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace kernel::mm {

class MappingTree;

class MappingNode {
 public:
  std::uint64_t start() const { return start_; }
  std::uint64_t end() const { return end_; }  // exclusive; both page-aligned

 protected:
  // `distance_below` stays free below the node when a gap is looked for: what a stack keeps to its neighbour.
  MappingNode(std::uint64_t start, std::uint64_t end, std::uint64_t distance_below)
      : start_(start), end_(end), distance_below_(distance_below) {}
  MappingNode(const MappingNode&) = delete;
  MappingNode& operator=(const MappingNode&) = delete;

 private:
  friend class MappingTree;
  std::uint64_t start_;
  std::uint64_t end_;
  std::uint64_t distance_below_;
  std::uint64_t gap_ = 0;          // free bytes right below this node
  std::uint64_t largest_gap_ = 0;  // of this node's subtree
  MappingNode* parent_ = nullptr;
  MappingNode* left_ = nullptr;
  MappingNode* right_ = nullptr;
  int height_ = 1;
};

class MappingTree {
 public:
  // Nothing is ever placed below `lowest`.
  explicit constexpr MappingTree(std::uint64_t lowest) : lowest_(lowest) {}
  MappingTree(const MappingTree&) = delete;
  MappingTree& operator=(const MappingTree&) = delete;

  std::size_t size() const { return size_; }
  MappingNode* first() const;
  MappingNode* last() const;
  static MappingNode* next(const MappingNode& node);
  static MappingNode* previous(const MappingNode& node);
  // The lowest node that ends above `address`: the one that contains it, or the next one.
  MappingNode* first_ending_above(std::uint64_t address) const;

  // The node must not overlap another one.
  void insert(MappingNode& node);
  void remove(MappingNode& node);
  // The node must not reach its neighbours.
  void set_bounds(MappingNode& node, std::uint64_t start, std::uint64_t end);

  // Where the highest free place of `length` bytes within [low, high) starts.
  std::optional<std::uint64_t> highest_gap(std::uint64_t length, std::uint64_t low, std::uint64_t high) const;
  // Whether [start, end) is free, and the distances that nodes keep are kept.
  bool is_free_place(std::uint64_t start, std::uint64_t end) const;

 private:
  static std::uint64_t lower_edge(const MappingNode& node);
  std::uint64_t end_before(const MappingNode& node) const;
  void measure_gap(MappingNode* node);
  static int height(const MappingNode* node);
  static void refresh(MappingNode& node);
  void repair(MappingNode* node);
  void replace(MappingNode& old_node, MappingNode* node);
  MappingNode* rotate_left(MappingNode& node);
  MappingNode* rotate_right(MappingNode& node);
  static const MappingNode* last_with_gap(const MappingNode* node, std::uint64_t length);

  MappingNode* root_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t lowest_;
};

}  // namespace kernel::mm
