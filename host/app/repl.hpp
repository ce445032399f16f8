// The prompt: reads statements and expressions, runs them, shows what they give.
#pragma once

#include <string>

#include "host/app/runtime.hpp"

namespace moonlab::app {

/// On a terminal: a prompt with editing, history ($MOONLAB_HOME/history), completion, several-line input and echo of
/// results; errors and Ctrl-C return to it, Ctrl-D leaves. Otherwise: runs the statements of standard input as they
/// come, without a prompt, up to the first error. Returns the exit code.
int run_prompt(Runtime& runtime);

/// The folder for downloads, caches and the history: $MOONLAB_HOME, or moonlab in the user's cache folder.
std::string home_folder();

}  // namespace moonlab::app
