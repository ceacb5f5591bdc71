// JSON that anybody may have written, read member by member: each access says what it expects there, and what is
// something else is an error that names the file and the member.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace husk::compare {

inline constexpr int kMostNesting = 64;                  // what walks through a value calls itself for each level
inline constexpr std::size_t kMostMembers = 1000;        // of one object: each is looked for among those before it
inline constexpr std::size_t kMostElements = 1'000'000;  // of one list: compare --runs makes no more samples
// Of a number: what is computed of such numbers (quotients, squares, sums) stays finite.
inline constexpr double kMostMagnitude = 1e18;
inline constexpr double kLeastMagnitude = 1e-18;  // unless it is 0

// Throws husk::Error, which names `file`, for what is not JSON or beyond these limits; no deeper value is ever built.
nlohmann::ordered_json parse_limited(const std::string& text, const std::string& file);

// Refers to the value, and to the name of its file: both must outlive it.
class CheckedJson {
 public:
  using Json = nlohmann::ordered_json;

  CheckedJson(const Json& json, std::string_view file) : json_(&json), file_(file) {}

  bool has(const std::string& name) const { return json_->is_object() && json_->contains(name); }
  bool is_null() const { return json_->is_null(); }
  bool is_object() const { return json_->is_object(); }
  bool is_text() const { return json_->is_string(); }

  CheckedJson at(const std::string& name) const;
  std::size_t size() const;                      // of a list
  CheckedJson element(std::size_t index) const;  // of a list that is so long
  std::vector<CheckedJson> elements() const;
  std::vector<std::pair<std::string, CheckedJson>> members() const;  // of an object
  std::vector<std::string> texts() const;                            // of a list of texts

  std::string text() const;
  std::string one_of(std::initializer_list<const char*> words) const;
  bool flag() const;
  const Json& any() const { return *json_; }  // within the limits of parse_limited, and else unchecked
  double number() const;
  std::uint64_t count(
      std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;  // not negative, no fraction

  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  CheckedJson(const Json& json, std::string_view file, std::string path)
      : json_(&json), file_(file), path_(std::move(path)) {}

  const Json* json_;
  std::string_view file_;
  std::string path_;  // "runners[2].samples"; empty at the root
};

}  // namespace husk::compare
