-- Globals that are loaded when first named, so that the start stays fast: global -> module.
return { nn = "nn", help = "help", schema = "schema", load_run = "load_run", run = "run_here", prof = "prof", worker = "worker",
         channel = "channel", parallel = "parallel", memory = "memory", safetensors = "safetensors" }
