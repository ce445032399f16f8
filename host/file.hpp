// Files that must never be seen half written, and what the standard library lacks about folders.
#pragma once

#include <string>
#include <string_view>

namespace moonlab {

/// Writes `text` to a neighbour of `path`, flushes it to the disk and renames it over `path`: a reader sees the old
/// file or the new one, also after a crash. Returns "" or the reason why not ("No space left on device"); then the old
/// file is as it was.
std::string write_atomic(const std::string& path, std::string_view text);

/// Appends `text` by one write, so that lines of several writers never mix and a crash tears at most the last line.
/// Makes the file where there is none. Returns "" or the reason why not.
std::string append(const std::string& path, std::string_view text);

/// A new empty folder in $TMPDIR or /tmp, its name starting with `prefix`. Throws Error where none can be made.
std::string make_temporary_folder(const std::string& prefix);

}  // namespace moonlab
