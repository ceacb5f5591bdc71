// A live line on standard error, only when that is a terminal: how much is done, what is measured now, how long it
// still takes.
#pragma once

#include <cstdint>
#include <string>

namespace husk::compare {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // wipes it
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `done` in 0..1. Cheap enough to be called before every run: it draws at most ten times a second.
  void show(double done, const std::string& what, double seconds_left);
  // For what nobody can tell the length of.
  void show_elapsed(const std::string& what, double seconds);

 private:
  void draw(std::string line);

  bool visible_;
  std::uint64_t drawn_ns_ = 0;
};

}  // namespace husk::compare
