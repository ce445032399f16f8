// Settings of LibTorch for the whole process: threads of one operator, deterministic algorithms, the default dtype.
#pragma once

#include <string>
#include <string_view>

namespace moonlab {

int operator_threads();

/// Threads that one operator may use; at least 1.
void set_operator_threads(int count);

bool deterministic_algorithms();

/// Operators without a deterministic form raise, or warn with `warn_only`.
void set_deterministic_algorithms(bool on, bool warn_only);

/// The floating dtype that factories take where none is given.
std::string default_dtype();

/// Raises for a dtype that is not floating.
void set_default_dtype(std::string_view name);

/// Whether numbers too small for the normal range count as 0. Returns false where the processor cannot.
bool set_flush_denormal(bool on);

}  // namespace moonlab
