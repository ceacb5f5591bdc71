// Text in columns, for a terminal: the first column flush left, the others flush right.
#pragma once

#include <string>
#include <vector>

namespace husk::compare {

struct GridRow {
  std::vector<std::string> cells;
  std::string note;     // follows the last cell
  bool is_dim = false;  // less important than the others
};

// What is said of cells of a grid, why they are empty say: a mark for the cell, the text below the grid.
class Footnotes {
 public:
  std::string mark(const std::string& reason);   // "[1]"; the same for the same reason
  std::string star(const std::string& meaning);  // "*": the one thing that is said of many figures of a grid
  std::string text(std::size_t width) const;     // a paragraph for each, ending with a newline

 private:
  std::string star_;
  std::vector<std::string> reasons_;
};

// Of text between and below grids.
constexpr std::size_t kTextWidth = 110;

// What the terminals of most readers hold.
constexpr std::size_t kWidestGrid = 120;

struct GridStyle {
  bool colour = false;
  std::size_t widest = kWidestGrid;  // columns that do not fit follow below; 0: all are to be read across
};

// The header's rows are separated from the others by a line. Columns that would make it wider than its style allows follow
// below, with the first column once more; intervals, ratios and numbers of samples stay with the figure to their left.
// Each line ends with a newline. Cells and notes may be of any origin: they are made plain here.
std::string format_grid(const std::vector<std::vector<std::string>>& header, const std::vector<GridRow>& rows,
                        const GridStyle& style);

// A header of as many lines as it takes to keep the titles within `width` columns, where their words allow it; the last
// line has the end of each.
std::vector<std::vector<std::string>> narrow_header(const std::vector<std::string>& titles, std::size_t width);

// Made plain, and as wide as `width` columns, broken at spaces; further lines begin with `indent` spaces.
std::string wrap(const std::string& text, std::size_t width, std::size_t indent);

}  // namespace husk::compare
