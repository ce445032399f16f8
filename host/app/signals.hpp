// SIGINT, SIGTERM and SIGHUP: who hears them, and what a second one does.
#pragma once

struct lua_State;

namespace moonlab::app {

/// What is at stake when a second signal comes.
enum class Setting {
  prompt,   ///< the first stops the statement that runs; the third in a row leaves at once (the second says what is
            ///< lost)
  program,  ///< the first stops the program, or lets a run finish its step and save (host/interrupt.hpp); the second
            ///< leaves
};

/// Installs the handlers. Each signal raises the interrupt flag, which operators, waits and long loops poll, and sets a
/// hook that stops plain Lua code with the error "interrupted"; where the interrupt means "finish", no hook. The second
/// signal of a program leaves with 130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP: the terminal is gone). SIGTERM and SIGHUP
/// at the prompt leave with 143 and 129. SIGUSR1, by which schedulers announce the end, lets a run save as a first SIGTERM
/// does and is not counted; elsewhere it ends the program, as it does by nature. SIGXFSZ is ignored.
void install_signals(lua_State* L, Setting setting);

/// Forgets what came so far: call it before each statement of a prompt.
void forget_signals(lua_State* L);

/// The exit code of a program that was stopped by the first signal: 130, 143, 129, or 0 where none came.
int signal_exit_code() noexcept;

}  // namespace moonlab::app
