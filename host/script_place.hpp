// Where in the script the program is, for those parts of the host that tell it to the user: the profiler, anomaly mode.
#pragma once

#include <string>

namespace moonlab {

/// Finds "file.lua:12" for the line of a script that runs on this thread, "" where none does. Set once, at the start.
using PlaceFinder = std::string (*)();
void set_place_finder(PlaceFinder finder) noexcept;

/// The line of the script that runs now, as "file.lua:12"; "" where no script runs or nothing can find it.
std::string script_place();

/// The text of that line, without the blanks around it; "" where the file cannot be read.
std::string source_line(const std::string& place);

}  // namespace moonlab
