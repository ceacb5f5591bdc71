// A progress bar on standard error, only when that is a terminal.
#pragma once

#include <string>

namespace husk::compare {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // wipes it
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(unsigned done, unsigned total, const std::string& what);

 private:
  bool visible_;
};

}  // namespace husk::compare
