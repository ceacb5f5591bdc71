#include "lib/fdt.h"

#include <algorithm>

namespace kernel::fdt {
namespace {

constexpr std::uint32_t kMagic = 0xd00dfeed;
constexpr std::size_t kHeaderSize = 40;
constexpr unsigned kMaxDepth = 16;

// The header's fields by their offsets (specification, 5.2).
enum HeaderField : std::size_t {
  kFieldMagic = 0,
  kFieldTotalSize = 4,
  kFieldStructureOffset = 8,
  kFieldStringsOffset = 12,
  kFieldVersion = 20,
  kFieldLastCompatibleVersion = 24,
  kFieldStringsSize = 32,
  kFieldStructureSize = 36,
};

std::uint32_t load_u32(const std::byte* at) {
  std::uint32_t value;
  __builtin_memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool fits(std::size_t offset, std::size_t size, std::size_t total) {
  return offset <= total && size <= total - offset;
}

constexpr std::size_t align_up(std::size_t offset) {
  return (offset + 3) & ~std::size_t{3};
}

bool names_match(std::string_view wanted, const Node& node) {
  return wanted == node.name() || (wanted.find('@') == std::string_view::npos && wanted == node.base_name());
}

}  // namespace

std::size_t StringList::count() const {
  return static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\0'));
}

bool StringList::contains(std::string_view text) const {
  for (std::string_view entry : *this) {
    if (entry == text) return true;
  }
  return false;
}

std::optional<std::uint32_t> Property::cell(std::size_t index) const {
  if (index >= value_.size() / 4) return std::nullopt;
  return load_u32(value_.data() + index * 4);
}

std::optional<std::uint64_t> Property::double_cell(std::size_t cell_index) const {
  const auto high = cell(cell_index);
  const auto low = cell(cell_index + 1);
  if (!high || !low) return std::nullopt;
  return (std::uint64_t{*high} << 32) | *low;
}

std::optional<std::uint32_t> Property::as_u32() const {
  return value_.size() == 4 ? cell(0) : std::nullopt;
}

std::optional<std::uint64_t> Property::as_u64() const {
  return value_.size() == 8 ? double_cell(0) : std::nullopt;
}

std::optional<std::string_view> Property::as_string() const {
  const std::string_view text = as_text(value_);
  const std::size_t end = text.find('\0');
  if (text.empty() || end != text.size() - 1) return std::nullopt;
  return text.substr(0, end);
}

std::optional<Tree::Item> Tree::read(std::size_t offset) const {
  for (;;) {
    if (!fits(offset, 4, structure_.size())) return std::nullopt;
    const auto token = static_cast<Token>(load_u32(structure_.data() + offset));
    offset += 4;
    switch (token) {
      case Token::kNop:
        continue;
      case Token::kEndNode:
      case Token::kEnd:
        return Item{token, {}, {}, offset};
      case Token::kBeginNode: {
        const std::string_view rest = as_text(structure_.subspan(offset));
        const std::size_t length = rest.find('\0');
        if (length == std::string_view::npos) return std::nullopt;
        return Item{token, rest.substr(0, length), {}, align_up(offset + length + 1)};
      }
      case Token::kProperty: {
        if (!fits(offset, 8, structure_.size())) return std::nullopt;
        const std::size_t size = load_u32(structure_.data() + offset);
        const std::size_t name_offset = load_u32(structure_.data() + offset + 4);
        offset += 8;
        if (!fits(offset, size, structure_.size()) || name_offset >= strings_.size()) return std::nullopt;
        return Item{token, as_text(strings_.subspan(name_offset)), structure_.subspan(offset, size),
                    align_up(offset + size)};
      }
    }
    return std::nullopt;
  }
}

Result<Tree> Tree::open(std::span<const std::byte> blob) {
  if (blob.size() < kHeaderSize) return Errno::kInval;
  const auto field = [&](HeaderField at) -> std::size_t { return load_u32(blob.data() + at); };
  if (field(kFieldMagic) != kMagic) return Errno::kInval;
  if (field(kFieldVersion) < 17 || field(kFieldLastCompatibleVersion) > 17) return Errno::kInval;
  const std::size_t total = field(kFieldTotalSize);
  if (total < kHeaderSize || total > blob.size()) return Errno::kInval;
  const std::size_t structure = field(kFieldStructureOffset);
  const std::size_t strings = field(kFieldStringsOffset);
  if (structure % 4 != 0 || !fits(structure, field(kFieldStructureSize), total)) return Errno::kInval;
  if (!fits(strings, field(kFieldStringsSize), total)) return Errno::kInval;
  Tree tree(blob.subspan(structure, field(kFieldStructureSize)), blob.subspan(strings, field(kFieldStringsSize)));
  // Then every name in it ends somewhere.
  if (!tree.strings_.empty() && tree.strings_.back() != std::byte{0}) return Errno::kInval;
  if (!tree.well_formed()) return Errno::kInval;
  return tree;
}

bool Tree::well_formed() const {
  unsigned depth = 0;
  bool properties_allowed = false;  // a node's properties come before its children (specification, 5.4.2)
  bool root_seen = false;
  for (std::size_t offset = 0;;) {
    const std::optional<Item> item = read(offset);
    if (!item) return false;
    switch (item->token) {
      case Token::kBeginNode:
        if (depth == kMaxDepth || (depth == 0 && root_seen)) return false;
        root_seen = true;
        ++depth;
        properties_allowed = true;
        break;
      case Token::kEndNode:
        if (depth == 0) return false;
        --depth;
        properties_allowed = false;
        break;
      case Token::kProperty:
        if (!properties_allowed) return false;
        break;
      case Token::kEnd:
        return depth == 0 && root_seen;
      case Token::kNop:
        break;  // read() skips them
    }
    offset = item->next;
  }
}

std::optional<Node> Tree::next_node(std::size_t offset) const {
  for (;;) {
    const std::optional<Item> item = read(offset);
    if (!item || item->token == Token::kEndNode || item->token == Token::kEnd) return std::nullopt;
    if (item->token == Token::kBeginNode) return Node(*this, item->name, item->next);
    offset = item->next;
  }
}

std::size_t Tree::end_of(const Node& node) const {
  std::size_t offset = node.body_;
  for (unsigned depth = 1; depth != 0;) {
    const std::optional<Item> item = read(offset);
    if (!item) return structure_.size();  // open() saw a well-formed tree, so this does not happen
    if (item->token == Token::kBeginNode) ++depth;
    if (item->token == Token::kEndNode) --depth;
    offset = item->next;
  }
  return offset;
}

Node Tree::root() const {
  return *next_node(0);
}

std::optional<Node> Tree::find(std::string_view path) const {
  std::optional<Node> node = root();
  while (node && !path.empty()) {
    const std::size_t start = path.find_first_not_of('/');
    if (start == std::string_view::npos) break;
    path.remove_prefix(start);
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(component.size());
    node = node->child(component);
  }
  return node;
}

std::optional<Property> Node::property(std::string_view name) const {
  for (std::size_t offset = body_;;) {
    const auto item = tree_->read(offset);
    if (!item || item->token != Tree::Token::kProperty) return std::nullopt;
    const std::string_view found = item->name.substr(0, name.size());
    if (found == name && item->name[name.size()] == '\0') return Property(found, item->value);
    offset = item->next;
  }
}

bool Node::is_compatible(std::string_view with) const {
  const std::optional<Property> compatible = property("compatible");
  return compatible && compatible->as_string_list().contains(with);
}

std::optional<Node> Node::child(std::string_view name) const {
  for (Node node : children()) {
    if (names_match(name, node)) return node;
  }
  return std::nullopt;
}

Node::Children::Iterator& Node::Children::Iterator::operator++() {
  node_ = node_->tree_->next_node(node_->tree_->end_of(*node_));
  return *this;
}

}  // namespace kernel::fdt
