// The directory that a way leads to in the tree of an image that is being made, as it would for a process whose root is the tree's:
// symbolic links are followed, ".." goes up, and nothing leads out.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/text_lines.h"
#include "vmm/image/erofs/writer.h"
#include "vmm/oci/limits.h"

namespace husk::oci {

// `way`: its names, in order. What is done at a name that is not there, at one that is neither a directory nor a link, and after too
// many links is the caller's affair:
//
//   NodeId at_missing(NodeId parent, std::string_view name)     a directory in its place, or kNone: the walk ends with kNone
//   NodeId at_file(NodeId parent, std::string_view name, NodeId file)     the same
//   void refuse(std::string_view name, std::string_view why)    throws
//
// Names are the tree's own text where a link's target has them: valid until that link is removed.
template <typename Way, typename Caller>
image::erofs::NodeId walk_to_directory(const image::erofs::ErofsWriter& tree, const Way& way, const Caller& caller) {
  using image::erofs::NodeId;
  // What is still to go, the next one last.
  std::vector<std::string_view> ahead(way.rbegin(), way.rend());
  NodeId at = NodeId::kRoot;
  unsigned followed = 0;
  while (!ahead.empty()) {
    const std::string_view name = ahead.back();
    ahead.pop_back();
    if (name == "..") {
      at = tree.parent(at);
      continue;
    }
    NodeId next = tree.find(at, name);
    if (next == NodeId::kNone) next = caller.at_missing(at, name);
    if (next == NodeId::kNone) return next;
    if (tree.is(next, S_IFLNK)) {
      if (++followed > kMaxLinksFollowed) caller.refuse(name, "more than 40 symbolic links lead to it");
      std::string_view target = tree.target(next);
      if (target.starts_with('/')) at = NodeId::kRoot;
      const auto end = static_cast<std::ptrdiff_t>(ahead.size());
      while (!target.empty()) {
        const std::string_view step = take_field(target, '/');
        if (!step.empty() && step != ".") ahead.push_back(step);
      }
      std::reverse(ahead.begin() + end, ahead.end());
      continue;
    }
    if (!tree.is(next, S_IFDIR)) next = caller.at_file(at, name, next);
    if (next == NodeId::kNone) return next;
    at = next;
  }
  return at;
}

}  // namespace husk::oci
