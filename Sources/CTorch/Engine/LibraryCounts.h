// Libraries that count in 32 bits.

#pragma once
#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

// The most that they are given to count: what an int holds, unless a test sets less.
int64_t largest_library_count();

// A count as they take it.
inline int library_count(int64_t count) {
  if (count <= largest_library_count()) return static_cast<int>(count);
  throw std::length_error(
      std::to_string(count) + " rows or columns are more than the library for it can count");
}

// Calls body(first, count) for parts of 0..<total that they can count.
template <class Body> void for_library_counts(int64_t total, Body body) {
  const int64_t largest = largest_library_count();
  for (int64_t first = 0; first < total; first += largest) {
    body(first, static_cast<int>(std::min(largest, total - first)));
  }
}
