#include "mm/mapping_tree.h"

#include <algorithm>

namespace kernel::mm {

int MappingTree::height(const MappingNode* node) {
  return node ? node->height_ : 0;
}

MappingNode* MappingTree::first() const {
  MappingNode* node = root_;
  while (node && node->left_) node = node->left_;
  return node;
}

MappingNode* MappingTree::last() const {
  MappingNode* node = root_;
  while (node && node->right_) node = node->right_;
  return node;
}

MappingNode* MappingTree::next(const MappingNode& node) {
  if (MappingNode* after = node.right_) {
    while (after->left_) after = after->left_;
    return after;
  }
  const MappingNode* from = &node;
  while (from->parent_ && from->parent_->right_ == from) from = from->parent_;
  return from->parent_;
}

MappingNode* MappingTree::previous(const MappingNode& node) {
  if (MappingNode* before = node.left_) {
    while (before->right_) before = before->right_;
    return before;
  }
  const MappingNode* from = &node;
  while (from->parent_ && from->parent_->left_ == from) from = from->parent_;
  return from->parent_;
}

MappingNode* MappingTree::first_ending_above(std::uint64_t address) const {
  MappingNode* found = nullptr;
  for (MappingNode* node = root_; node;) {
    if (node->end_ > address) {
      found = node;
      node = node->left_;
    } else {
      node = node->right_;
    }
  }
  return found;
}

std::uint64_t MappingTree::lower_edge(const MappingNode& node) {
  return node.start_ - std::min(node.start_, node.distance_below_);
}

std::uint64_t MappingTree::end_before(const MappingNode& node) const {
  const MappingNode* before = previous(node);
  return before ? before->end_ : lowest_;
}

// Ends with a repair: the gap counts in every subtree that the node is in.
void MappingTree::measure_gap(MappingNode* node) {
  if (!node) return;
  const std::uint64_t below = end_before(*node), edge = lower_edge(*node);
  node->gap_ = edge > below ? edge - below : 0;
  repair(node);
}

// What a node knows of its subtree, from its children.
void MappingTree::refresh(MappingNode& node) {
  node.height_ = 1 + std::max(height(node.left_), height(node.right_));
  node.largest_gap_ = node.gap_;
  for (const MappingNode* child : {node.left_, node.right_}) {
    if (child) node.largest_gap_ = std::max(node.largest_gap_, child->largest_gap_);
  }
}

// From a node whose subtree has changed up to the root; rotates where one side has become two levels higher than the
// other.
void MappingTree::repair(MappingNode* node) {
  for (; node; node = node->parent_) {
    const int balance = height(node->left_) - height(node->right_);
    if (balance > 1) {
      if (height(node->left_->left_) < height(node->left_->right_)) rotate_left(*node->left_);
      node = rotate_right(*node);
    } else if (balance < -1) {
      if (height(node->right_->right_) < height(node->right_->left_)) rotate_right(*node->right_);
      node = rotate_left(*node);
    } else {
      refresh(*node);
    }
  }
}

// Puts `node`, which may be null, where the old one hangs.
void MappingTree::replace(MappingNode& old_node, MappingNode* node) {
  MappingNode* parent = old_node.parent_;
  if (!parent) {
    root_ = node;
  } else if (parent->left_ == &old_node) {
    parent->left_ = node;
  } else {
    parent->right_ = node;
  }
  if (node) node->parent_ = parent;
}

// The right child takes the node's place. Returns what hangs there now.
MappingNode* MappingTree::rotate_left(MappingNode& node) {
  MappingNode& child = *node.right_;
  replace(node, &child);
  node.right_ = child.left_;
  if (child.left_) child.left_->parent_ = &node;
  child.left_ = &node;
  node.parent_ = &child;
  refresh(node);
  refresh(child);
  return &child;
}

MappingNode* MappingTree::rotate_right(MappingNode& node) {
  MappingNode& child = *node.left_;
  replace(node, &child);
  node.left_ = child.right_;
  if (child.right_) child.right_->parent_ = &node;
  child.right_ = &node;
  node.parent_ = &child;
  refresh(node);
  refresh(child);
  return &child;
}

void MappingTree::insert(MappingNode& node) {
  node.parent_ = node.left_ = node.right_ = nullptr;
  MappingNode** place = &root_;
  while (*place) {
    node.parent_ = *place;
    place = node.start_ < (*place)->start_ ? &(*place)->left_ : &(*place)->right_;
  }
  *place = &node;
  ++size_;
  measure_gap(&node);
  measure_gap(next(node));
}

void MappingTree::remove(MappingNode& node) {
  MappingNode* after = next(node);
  MappingNode* changed = node.parent_;  // the lowest node whose subtree has changed
  if (!node.left_ || !node.right_) {
    replace(node, node.left_ ? node.left_ : node.right_);
  } else {
    // Its successor, which has no left child, takes its place.
    changed = after->parent_ == &node ? after : after->parent_;
    if (after->parent_ != &node) {
      replace(*after, after->right_);
      after->right_ = node.right_;
      after->right_->parent_ = after;
    }
    replace(node, after);
    after->left_ = node.left_;
    after->left_->parent_ = after;
  }
  --size_;
  repair(changed);
  measure_gap(after);
}

void MappingTree::set_bounds(MappingNode& node, std::uint64_t start, std::uint64_t end) {
  node.start_ = start;
  node.end_ = end;
  measure_gap(&node);
  measure_gap(next(node));
}

// The last node, `node` or before it, with a gap of this length below it.
const MappingNode* MappingTree::last_with_gap(const MappingNode* node, std::uint64_t length) {
  while (node) {
    if (node->gap_ >= length) return node;
    if (node->left_ && node->left_->largest_gap_ >= length) {
      for (node = node->left_;;) {
        if (node->right_ && node->right_->largest_gap_ >= length) {
          node = node->right_;
        } else if (node->gap_ >= length) {
          return node;
        } else {
          node = node->left_;
        }
      }
    }
    while (node->parent_ && node->parent_->left_ == node) node = node->parent_;
    node = node->parent_;
  }
  return nullptr;
}

std::optional<std::uint64_t> MappingTree::highest_gap(std::uint64_t length, std::uint64_t low,
                                                      std::uint64_t high) const {
  low = std::max(low, lowest_);
  const auto place_between = [&](std::uint64_t start, std::uint64_t end) -> std::optional<std::uint64_t> {
    start = std::max(start, low);
    end = std::min(end, high);
    if (end < start || end - start < length) return std::nullopt;
    return end - length;
  };
  // The gap that `high` lies in, if it does, then the gaps below it, downwards.
  const MappingNode* below = nullptr;
  const MappingNode* above = nullptr;
  for (const MappingNode* node = root_; node;) {
    if (node->start_ < high) {
      below = node;
      node = node->right_;
    } else {
      above = node;
      node = node->left_;
    }
  }
  if (auto place = place_between(below ? below->end_ : lowest_, above ? lower_edge(*above) : high)) return place;
  const MappingNode* node = last_with_gap(below, length);
  if (!node) return std::nullopt;
  // Only here can `low` cut a gap short; then what lies further down is of no use either.
  const std::uint64_t edge = lower_edge(*node);
  return place_between(edge - node->gap_, edge);
}

bool MappingTree::is_free_place(std::uint64_t start, std::uint64_t end) const {
  const MappingNode* node = first_ending_above(start);
  return !node || (node->start_ >= end && lower_edge(*node) >= end);
}

}  // namespace kernel::mm
