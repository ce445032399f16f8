// Where the time and the memory of a piece of script go: by operator, by line of the script, as a trace.
//
// Built on LibTorch's RecordFunction: every operator that the dispatcher runs, and every node of a backward pass, calls
// back at its beginning and its end. A node of a backward pass is counted at the line of the script whose operator made
// it (found by its sequence number), so that a line's cost is that of its forward and its backward.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace moonlab {

struct ProfileOptions {
  bool shapes = false;  // rows apart for different shapes of the arguments
  bool memory = true;   // bytes that operators allocate
  bool device = false;  // times on the GPU, by an event before and after every operator
};

/// One sort of operator on one line. Times in seconds; `self` leaves out the operators called inside.
struct ProfileRow {
  std::string name;    // "add", "MulBackward0"
  std::string shapes;  // "[2, 3], [3]", where asked for
  std::string place;   // "file.lua:12", "" where no line is known
  bool backward = false;
  int64_t calls = 0;
  double self = 0, total = 0;                // on the CPU
  double device_self = 0, device_total = 0;  // on the GPU, where asked for
  int64_t allocated = 0;                     // bytes that it allocated itself
};

/// One call, for the trace. Times in seconds since the profile began.
struct ProfileEvent {
  uint32_t row;
  double begin, length;
};

struct Profile {
  double wall = 0;  // seconds from beginning to end
  std::vector<ProfileRow> rows;
  std::vector<ProfileEvent> events;  // the first kMaxEvents
  int64_t calls = 0;                 // of all operators, also those inside others
  int64_t peak = 0;                  // bytes: highest level above the beginning
  static constexpr size_t kMaxEvents = 1'000'000;

  /// Writes the events as JSON for chrome://tracing and Perfetto. Raises where the file cannot be written.
  void write_chrome_trace(const std::string& path) const;
};

/// Records from its construction to stop() or its end, on this thread. Raises where one records already.
class Profiler {
 public:
  explicit Profiler(const ProfileOptions& options);
  ~Profiler();
  Profiler(const Profiler&) = delete;

  Profile stop();

 private:
  struct Recorder;
  std::shared_ptr<Recorder> recorder_;
};

/// A named stretch of a profile, for a script's own parts.
class ProfileSpan {
 public:
  explicit ProfileSpan(const std::string& name);
  ~ProfileSpan();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace moonlab
