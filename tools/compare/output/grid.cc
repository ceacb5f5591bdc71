#include "tools/compare/output/grid.h"

#include <algorithm>
#include <sstream>

#include "tools/compare/output/plain_text.h"

namespace husk::compare {
namespace {

// Characters, not bytes: all but the continuation bytes of UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string padding(widths[column] - width_of(cells[column]), ' ');
    line += column == 0 ? cells[column] + padding : "  " + padding + cells[column];
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

// Columns from `begin` up to `end`, with the first one before them.
struct Block {
  std::size_t begin;
  std::size_t end;
};

template <typename Cell>
std::vector<Cell> cells_of(const std::vector<Cell>& cells, const Block& block) {
  std::vector<Cell> result;
  if (!cells.empty()) result.push_back(cells[0]);
  for (std::size_t column = block.begin; column < std::min(block.end, cells.size()); ++column) {
    result.push_back(cells[column]);
  }
  return result;
}

std::size_t width_of_line(const std::vector<std::size_t>& widths) {
  std::size_t total = 2 * (widths.empty() ? 0 : widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  return total;
}

// An interval or a number of samples is read beside the figure that it belongs to.
bool belongs_to_left(const std::vector<std::vector<std::string>>& header, std::size_t column) {
  if (header.empty() || column >= header.back().size()) return false;
  const std::string& title = header.back()[column];
  return title == "95 %" || title == "n" || title == "p95" || title == "(pairs)" || title.starts_with("x ");
}

// What is too wide for a terminal goes on below, with the first column once more.
std::vector<Block> blocks_of(const std::vector<std::vector<std::string>>& header,
                             const std::vector<std::size_t>& widths, std::size_t widest) {
  if (widest == 0) return {{1, std::max<std::size_t>(1, widths.size())}};
  std::vector<Block> blocks;
  for (std::size_t begin = 1; begin < widths.size();) {
    // A figure and what belongs to it.
    std::size_t end = begin + 1;
    while (end < widths.size() && belongs_to_left(header, end)) ++end;
    const bool fits = !blocks.empty() && width_of_line(cells_of(widths, Block{blocks.back().begin, end})) <= widest;
    if (fits) {
      blocks.back().end = end;
    } else {
      blocks.push_back({begin, end});
    }
    begin = end;
  }
  if (blocks.empty()) blocks.push_back({1, 1});
  return blocks;
}

std::vector<std::string> all_plain(const std::vector<std::string>& cells) {
  std::vector<std::string> result;
  for (const std::string& cell : cells) result.push_back(plain(cell));
  return result;
}

}  // namespace

std::string Footnotes::mark(const std::string& reason) {
  auto found = std::ranges::find(reasons_, reason);
  if (found == reasons_.end()) found = reasons_.insert(reasons_.end(), reason);
  return "[" + std::to_string(found - reasons_.begin() + 1) + "]";
}

std::string Footnotes::star(const std::string& meaning) {
  star_ = meaning;
  return "*";
}

std::string Footnotes::text(std::size_t width) const {
  std::string lines = star_.empty() ? "" : "* " + wrap(star_, width, 2) + "\n";
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    const std::string mark = "[" + std::to_string(i + 1) + "] ";
    lines += mark + wrap(reasons_[i], width, mark.size()) + "\n";
  }
  return lines;
}

std::string format_grid(const std::vector<std::vector<std::string>>& any_header, const std::vector<GridRow>& any_rows,
                        const GridStyle& style) {
  std::vector<std::vector<std::string>> header;
  for (const std::vector<std::string>& cells : any_header) header.push_back(all_plain(cells));
  std::vector<GridRow> rows;
  for (const GridRow& row : any_rows) rows.push_back({all_plain(row.cells), plain(row.note), row.is_dim});

  std::vector<std::size_t> widths;
  const auto widen = [&](const std::vector<std::string>& cells) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t column = 0; column < cells.size(); ++column) {
      widths[column] = std::max(widths[column], width_of(cells[column]));
    }
  };
  std::ranges::for_each(header, widen);
  for (const GridRow& row : rows) widen(row.cells);

  const auto styled = [&](const std::string& line, const char* code) {
    return (style.colour ? std::string("\033[") + code + "m" + line + "\033[0m" : line) + "\n";
  };
  std::string text;
  for (const Block& block : blocks_of(header, widths, style.widest)) {
    const auto line = [&](const std::vector<std::string>& cells) {
      return line_of(cells_of(cells, block), cells_of(widths, block));
    };
    const bool is_first = block.begin <= 1;
    text += is_first ? "" : "\n";
    for (const auto& cells : header) text += styled(line(cells), "1");
    text += std::string(width_of_line(cells_of(widths, block)), '-') + "\n";
    for (const GridRow& row : rows) {
      // What has but a note has said it in the first block.
      if (!is_first && row.cells.size() <= block.begin) continue;
      const bool has_note = is_first && !row.note.empty();
      const std::string one = line(row.cells) + (has_note ? "  " + row.note : "");
      text += row.is_dim ? styled(one, "2") : one + "\n";
    }
  }
  return text;
}

std::vector<std::vector<std::string>> narrow_header(const std::vector<std::string>& titles, std::size_t width) {
  std::vector<std::vector<std::string>> columns;
  std::size_t height = 0;
  for (const std::string& title : titles) {
    std::istringstream text(wrap(title, width, 0));
    std::vector<std::string>& lines = columns.emplace_back();
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    height = std::max(height, lines.size());
  }
  std::vector<std::vector<std::string>> header(height);
  for (const std::vector<std::string>& lines : columns) {
    for (std::size_t row = 0; row < height; ++row) {
      const std::size_t missing = height - lines.size();
      header[row].push_back(row < missing ? "" : lines[row - missing]);
    }
  }
  return header;
}

std::string wrap(const std::string& text, std::size_t width, std::size_t indent) {
  std::istringstream words(plain(text));
  std::string wrapped;
  std::size_t column = indent;
  for (std::string word; words >> word;) {
    if (column > indent && column + 1 + width_of(word) > width) {
      wrapped += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      wrapped += " ";
      ++column;
    }
    wrapped += word;
    column += width_of(word);
  }
  return wrapped;
}

}  // namespace husk::compare
