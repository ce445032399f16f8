#include "host/app/signals.hpp"

extern "C" {
#include <lauxlib.h>
#include <lua.h>
}

#include <pthread.h>
#include <signal.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <string_view>

#include "host/interrupt.hpp"

namespace moonlab::app {

namespace {

// Written before the handlers are installed, or by the handler itself.
lua_State* state = nullptr;
pthread_t main_thread;
Setting setting = Setting::program;
volatile sig_atomic_t first_signal = 0;
volatile sig_atomic_t pressed = 0;  // at the prompt: how often in quick succession
volatile time_t last_press = 0;
volatile sig_atomic_t asked_to_finish = 0;  // at the prompt: a training that runs there was told to stop at its step
termios terminal_before;
bool has_terminal = false;

void say(std::string_view text) noexcept {
  [[maybe_unused]] ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
}

void stop_lua(lua_State* L, lua_Debug*) {
  lua_sethook(L, nullptr, 0, 0);
  pressed = 0;  // it does react; should a pcall catch this, the next one stops it again
  luaL_error(L, "interrupted");
}

// As Lua's own program does: setting a hook is what a handler may do to a running state.
void hook_lua() { lua_sethook(state, stop_lua, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1); }

[[noreturn]] void leave(int signal) {
  if (has_terminal) ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  ::_exit(128 + signal);
}

void at_prompt() {
  if (on_interrupt() == Interrupt::finish) {
    if (!asked_to_finish) {
      asked_to_finish = 1;
      return say("\nfinishing the step; once more stops at once\n");
    }
    on_interrupt(Interrupt::stop);
  }
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  // Once the way out was offered, it stays open.
  pressed = pressed >= 2 || now.tv_sec - last_press <= 2 ? pressed + 1 : 1;
  last_press = now.tv_sec;
  hook_lua();
  if (pressed == 2)
    say("\nThis does not react (compiled code that calls nothing sees no interrupt). Ctrl-C once more leaves at once: "
        "the variables of this session are lost, the history of inputs is kept.\n");
  else if (pressed > 2) leave(SIGINT);
}

void on_signal(int signal) {
  // The kernel may choose another thread that LibTorch made: the state is the main thread's alone.
  if (!::pthread_equal(::pthread_self(), main_thread)) {
    ::pthread_kill(main_thread, signal);
    return;
  }
  if (signal == SIGUSR1 && (setting == Setting::prompt || on_interrupt() == Interrupt::stop)) return leave(signal);
  raise_interrupt();
  if (setting == Setting::prompt) {
    if (signal != SIGINT) leave(signal);
    return at_prompt();
  }
  if (signal == SIGUSR1) return;  // a scheduler's word that the end is near: what comes next is still a first signal
  if (first_signal) leave(signal);
  first_signal = signal;
  if (on_interrupt() == Interrupt::stop) hook_lua();
  else say("\nfinishing the step, then saving; once more leaves at once\n");
}

}  // namespace

void install_signals(lua_State* L, Setting how) {
  state = L;
  main_thread = ::pthread_self();
  setting = how;
  has_terminal = ::tcgetattr(STDIN_FILENO, &terminal_before) == 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  // also where a shell starts a background job with SIGINT ignored: `kill -INT` is meant for us then
  for (int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
  if (setting == Setting::program) ::sigaction(SIGUSR1, &action, nullptr);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may grow no more is a write that fails, with its reason
  // the terminal is gone: as SIGTERM, so that a run saves; nohup's wish to go on is respected
  struct sigaction hangup {};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);
}

void forget_signals(lua_State* L) {
  pressed = 0;
  asked_to_finish = 0;
  on_interrupt(Interrupt::stop);
  clear_interrupts();
  lua_sethook(L, nullptr, 0, 0);
}

int signal_exit_code() noexcept { return first_signal ? 128 + first_signal : 0; }

}  // namespace moonlab::app
