#include "host/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "host/error.hpp"
#include "host/interrupt.hpp"

extern char** environ;

namespace moonlab {

namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read = -1, write = -1;
  void open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe: ", std::strerror(errno));
    read = ends[0], write = ends[1];
  }
};

void close_quietly(int& descriptor) noexcept {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

// Everything that allocates happens before fork: after it, in a process with threads, only async-signal-safe calls are
// allowed.
std::vector<std::string> child_environment(const ProcessOptions& options) {
  std::vector<std::string> entries;
  for (char** e = environ; *e; ++e) {
    std::string_view entry(*e), name = entry.substr(0, entry.find('='));
    bool replaced = options.environment.count(std::string(name)) != 0;
    bool removed = std::find(options.unset.begin(), options.unset.end(), name) != options.unset.end();
    if (!replaced && !removed) entries.emplace_back(entry);
  }
  for (const auto& [name, value] : options.environment) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (auto& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

// Appends what is there; closes the descriptor at its end.
void read_available(int& descriptor, std::string& text) {
  char block[16384];
  while (descriptor >= 0) {
    ssize_t n = ::read(descriptor, block, sizeof block);
    if (n > 0) {
      text.append(block, static_cast<size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return;
    } else {
      close_quietly(descriptor);  // end of file; EIO is what a terminal says when its last user is gone
    }
  }
}

}  // namespace

Process::Process(const ProcessOptions& options) {
  if (options.command.empty() || options.command[0].empty()) fail("a process needs a command, got an empty one");
  std::error_code none;
  if (!options.directory.empty() && !std::filesystem::is_directory(options.directory, none))
    fail("cannot run in '", options.directory, "': not a folder");
  auto command = options.command;
  auto environment = child_environment(options);
  auto argv = pointers(command);
  auto envp = pointers(environment);

  Pipe in, out, err, failure;
  int master = -1, slave = -1;
  failure.open();
  if (options.terminal) {
    winsize size{24, 80, 0, 0};
    if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) fail("no terminal to be had: ", std::strerror(errno));
    ::fcntl(master, F_SETFD, FD_CLOEXEC);
    ::fcntl(slave, F_SETFD, FD_CLOEXEC);
  } else if (!options.inherit) {
    out.open();
    if (!options.merge_errors) err.open();
    if (options.input) in.open();
  }

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);
    if (options.terminal) {
      ::setsid();
      ::ioctl(slave, TIOCSCTTY, 0);
      for (int fd = 0; fd < 3; ++fd) ::dup2(slave, fd);
    } else {
      if (options.own_group) ::setpgid(0, 0);
      if (!options.inherit) {
        int input = options.input ? in.read : ::open("/dev/null", O_RDONLY);
        ::dup2(input, 0);
        ::dup2(out.write, 1);
        ::dup2(options.merge_errors ? out.write : err.write, 2);
      }
    }
    sigset_t nothing;
    sigemptyset(&nothing);
    ::sigprocmask(SIG_SETMASK, &nothing, nullptr);
    for (int s : {SIGINT, SIGTERM, SIGPIPE, SIGQUIT, SIGXFSZ}) ::signal(s, SIG_DFL);
    if (options.directory.empty() || ::chdir(options.directory.c_str()) == 0)
      ::execvpe(argv[0], argv.data(), envp.data());
    int reason = errno;
    [[maybe_unused]] ssize_t n = ::write(failure.write, &reason, sizeof reason);
    ::_exit(127);
  }
  int fork_error = errno;
  for (int* end : {&in.read, &out.write, &err.write, &failure.write, &slave}) close_quietly(*end);
  input_ = options.terminal ? ::fcntl(master, F_DUPFD_CLOEXEC, 3) : in.write;
  output_ = options.terminal ? master : out.read;
  errors_ = err.read;
  // The failure pipe closes by itself at a successful exec: an empty read means that the program runs.
  int reason = 0;
  ssize_t n = 0;
  if (pid_ > 0) {
    do n = ::read(failure.read, &reason, sizeof reason);
    while (n < 0 && errno == EINTR);
  }
  close_quietly(failure.read);
  if (pid_ < 0 || n > 0) {
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    for (int* end : {&input_, &output_, &errors_}) close_quietly(*end);
    fail("cannot start '", options.command[0], "': ", std::strerror(pid_ < 0 ? fork_error : reason));
  }
  for (int end : {output_, errors_})
    if (end >= 0) ::fcntl(end, F_SETFL, O_NONBLOCK);
  watch_ =
      static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));  // -1 on a kernel without it: wait_any then looks often
  if (watch_ >= 0) ::fcntl(watch_, F_SETFD, FD_CLOEXEC);
}

Process::~Process() {
  ended();  // reaps it where it has ended
  for (int* end : {&input_, &output_, &errors_, &watch_}) close_quietly(*end);
}

void Process::drain() {
  read_available(output_, output_text_);
  read_available(errors_, errors_text_);
}

std::string Process::read() {
  drain();
  return std::exchange(output_text_, {});
}

std::string Process::read_errors() {
  drain();
  return std::exchange(errors_text_, {});
}

bool Process::write(std::string_view text) {
  // A closed reader answers EPIPE instead of killing us.
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  bool taken = input_ >= 0;
  while (taken && !text.empty()) {
    ssize_t n = ::write(input_, text.data(), text.size());
    if (n >= 0) text.remove_prefix(static_cast<size_t>(n));
    else if (errno == EAGAIN) wait_any({this}, 0.01), drain();
    else if (errno != EINTR) taken = false;
  }
  ::sigaction(SIGPIPE, &before, nullptr);
  return taken;
}

void Process::close_input() noexcept { close_quietly(input_); }

std::optional<Ending> Process::ended() {
  if (ending_ || pid_ <= 0) return ending_;
  int status = 0;
  pid_t result = ::waitpid(pid_, &status, WNOHANG);
  if (result == pid_) {
    if (WIFSIGNALED(status)) ending_ = Ending{128 + WTERMSIG(status), WTERMSIG(status)};
    else ending_ = Ending{WEXITSTATUS(status), 0};
    drain();
  } else if (result < 0 && errno == ECHILD) {
    ending_ = Ending{1, 0};  // somebody else reaped it; its code is lost
  }
  return ending_;
}

std::optional<Ending> Process::wait(double seconds) {
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  const int before = interrupts();
  while (!ended() && interrupts() == before) {
    std::chrono::duration<double> left = until - Clock::now();
    if (left.count() <= 0) break;
    wait_any({this}, std::min(left.count(), 1.0));
    drain();
  }
  return ending_;
}

bool Process::kill(int signal) { return !ended() && ::kill(pid_, signal) == 0; }

void signal_tree(pid_t pid, int signal) {
  ::kill(pid, SIGSTOP);  // it starts nothing more while we look
  std::multimap<pid_t, pid_t> children;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    std::getline(file, line);
    // "PID (any text) STATE PARENT ..."
    const size_t end = line.rfind(") ");
    if (end != line.npos && line.size() > end + 4) children.emplace(std::atoi(line.c_str() + end + 4), std::stoi(name));
  }
  std::vector<pid_t> all{pid};
  for (size_t i = 0; i < all.size(); ++i)
    for (auto [at, last] = children.equal_range(all[i]); at != last; ++at) all.push_back(at->second);
  for (pid_t one : all) ::kill(one, signal);
  ::kill(pid, SIGCONT);
}

bool wait_any(const std::vector<Process*>& processes, double seconds) {
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  const int before = interrupts();  // one that is pending already is being dealt with: the children are given time
  while (interrupts() == before) {
    std::vector<pollfd> watched;
    bool blind = false;
    for (Process* process : processes) {
      if (process->ended() || !process->output_text_.empty() || !process->errors_text_.empty()) return true;
      for (int end : {process->output_, process->errors_, process->watch_})
        if (end >= 0) watched.push_back({end, POLLIN, 0});
      blind |= process->watch_ < 0;
    }
    double left = std::chrono::duration<double>(until - Clock::now()).count();
    if (left <= 0) return false;
    int milliseconds = static_cast<int>(std::min(blind ? 0.01 : 0.5, left) * 1000) + 1;
    if (::poll(watched.data(), watched.size(), milliseconds) > 0)
      for (Process* process : processes) process->drain();
  }
  return false;
}

}  // namespace moonlab
