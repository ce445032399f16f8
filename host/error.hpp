// What the host throws, and how it words it.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace moonlab {

/// An error that a user can act on: what failed, what it got, what it expected, the nearest name.
/// One line where one line will do; no source location of C++.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown where a long loop notices that the user asked to stop (host/interrupt.hpp).
class Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted") {}
};

/// Throws Error with the parts written one after the other: fail("label '", name, "' has no path from the root").
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

/// The candidate nearest to `word` by edit distance (a swap of neighbours counts as one), or "" where none is near
/// enough to be worth proposing (more than a third of the letters differ, at least one allowed).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'corgi'?" or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace moonlab
