// A set of small numbers (file descriptors, say) that finds the lowest one that is free, and the next one that is used,
// without looking at each: 64 of them are one word, and 64 words one bit of two summaries.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "lib/vector.h"

namespace kernel {

class NumberSet {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  // Numbers below this can be added.
  std::size_t capacity() const { return words_.size() * kBits; }
  Result<void> reserve(std::size_t numbers) {
    const std::size_t words = (numbers + kBits - 1) / kBits;
    if (words <= words_.size()) return {};
    // The summaries first: bits beyond the words mean nothing.
    TRY(full_.resize((words + kBits - 1) / kBits));
    TRY(some_.resize((words + kBits - 1) / kBits));
    return words_.resize(words);
  }

  bool contains(std::size_t number) const {
    return number < capacity() && (words_[number / kBits] >> (number % kBits) & 1);
  }
  void add(std::size_t number) {
    const std::size_t word = number / kBits;
    words_[word] |= bit(number);
    some_[word / kBits] |= bit(word);
    if (words_[word] == ~std::uint64_t{0}) full_[word / kBits] |= bit(word);
  }
  void remove(std::size_t number) {
    if (number >= capacity()) return;
    const std::size_t word = number / kBits;
    words_[word] &= ~bit(number);
    full_[word / kBits] &= ~bit(word);
    if (words_[word] == 0) some_[word / kBits] &= ~bit(word);
  }

  // The lowest number from `from` on that is not in the set; it may be beyond the capacity.
  std::size_t first_free(std::size_t from) const {
    if (from >= capacity()) return from;
    std::size_t word = from / kBits;
    std::uint64_t free = ~words_[word] & (~std::uint64_t{0} << from % kBits);
    if (free == 0) {
      word = next_clear(full_, word + 1);
      if (word >= words_.size()) return capacity();
      free = ~words_[word];
    }
    return word * kBits + static_cast<std::size_t>(std::countr_zero(free));
  }
  // The lowest number from `from` on that is in the set; kNone.
  std::size_t next(std::size_t from) const {
    if (from >= capacity()) return kNone;
    std::size_t word = from / kBits;
    std::uint64_t used = words_[word] & (~std::uint64_t{0} << from % kBits);
    if (used == 0) {
      word = next_set(some_, word + 1);
      if (word >= words_.size()) return kNone;
      used = words_[word];
    }
    return word * kBits + static_cast<std::size_t>(std::countr_zero(used));
  }
  // One more than the highest number in the set.
  std::size_t end() const {
    for (std::size_t i = some_.size(); i-- > 0;) {
      if (some_[i] == 0) continue;
      const std::size_t word = i * kBits + std::bit_width(some_[i]) - 1;
      return word * kBits + std::bit_width(words_[word]);
    }
    return 0;
  }

 private:
  using Words = Vector<std::uint64_t>;
  static constexpr std::size_t kBits = 64;
  static constexpr std::uint64_t bit(std::size_t number) { return std::uint64_t{1} << number % kBits; }

  static std::size_t next_set(const Words& words, std::size_t from) { return search(words, from, 0); }
  static std::size_t next_clear(const Words& words, std::size_t from) { return search(words, from, ~std::uint64_t{0}); }
  // The first bit from `from` on that differs from those of `uninteresting`.
  static std::size_t search(const Words& words, std::size_t from, std::uint64_t uninteresting) {
    std::uint64_t mask = ~std::uint64_t{0} << from % kBits;
    for (std::size_t i = from / kBits; i < words.size(); ++i, mask = ~std::uint64_t{0}) {
      if (const std::uint64_t found = (words[i] ^ uninteresting) & mask) {
        return i * kBits + static_cast<std::size_t>(std::countr_zero(found));
      }
    }
    return words.size() * kBits;
  }

  Words words_;
  Words full_;  // bit n: all numbers of word n are in the set
  Words some_;  // bit n: some number of word n is
};

}  // namespace kernel
