// Child processes with pipes: trials side by side, specs, downloads. One parent thread polls them all.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moonlab {

/// What to start and what it is given.
struct ProcessOptions {
  std::vector<std::string> command;                ///< program (found on $PATH where it has no slash) and its arguments
  std::string directory;                           ///< where it runs; empty: here
  std::map<std::string, std::string> environment;  ///< set on top of ours
  std::vector<std::string> unset;                  ///< taken out of ours
  bool input = false;                              ///< a pipe to its standard input; otherwise it reads /dev/null
  bool inherit = false;                            ///< share our standard streams instead of pipes
  bool merge_errors = false;                       ///< standard error goes where standard output goes
  bool terminal = false;   ///< a terminal of its own (80 x 24) instead of pipes: what a user would see
  bool own_group = false;  ///< not reached by a Ctrl-C at our terminal; the parent passes it on as it sees fit
};

/// How a child ended: by itself with a code, or by a signal (then code = 128 + signal, as a shell has it).
struct Ending {
  int code = 0;
  int signal = 0;
};

/// A running or ended child. Owned by whoever made it; destroying it closes the pipes and leaves the child running
/// (it receives SIGTERM when this process dies, so no trial outlives its sweep by accident).
class Process {
 public:
  /// Starts the child. Throws Error where the program cannot be started, with the system's reason.
  explicit Process(const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// What arrived on standard output since the last call; never waits. Complete once ended() is known.
  std::string read();
  /// The same for standard error (empty with merge_errors, inherit and terminal).
  std::string read_errors();

  /// Writes to the child's standard input (or terminal) and waits until it is taken. False where the child no longer
  /// listens.
  bool write(std::string_view text);
  void close_input() noexcept;

  /// How it ended, or nothing while it runs. Never waits.
  std::optional<Ending> ended();

  /// Waits for the end, at most `seconds`, reading its output meanwhile so that a full pipe never blocks it. Returns
  /// early, with nothing, where the user interrupts meanwhile.
  std::optional<Ending> wait(double seconds);

  /// False where it has ended already.
  bool kill(int signal);

 private:
  friend bool wait_any(const std::vector<Process*>& processes, double seconds);
  void drain();

  pid_t pid_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1, watch_ = -1;  // watch_: a descriptor that is readable at the end
  std::string output_text_, errors_text_;
  std::optional<Ending> ending_;
};

/// Sends a signal to a process and to all that descend from it now: a shell's commands outlive the shell otherwise.
void signal_tree(pid_t pid, int signal);

/// Waits until one of them has ended or has written something, at most `seconds`. False: nothing happened, or the user
/// interrupted meanwhile.
bool wait_any(const std::vector<Process*>& processes, double seconds);

}  // namespace moonlab
