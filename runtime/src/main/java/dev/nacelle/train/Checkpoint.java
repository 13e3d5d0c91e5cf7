package dev.nacelle.train;

import java.nio.file.Path;

/** A checkpoint that was read and found whole; its tensors stay in its folder until asked for. */
record Checkpoint(Path folder, RunState state, Provenance provenance) {
  static final String ADAPTER = "adapter_model.safetensors";
  static final String ADAPTER_CONFIG = "adapter_config.json";
  static final String OPTIMIZER = "optimizer.safetensors";
  static final String MANIFEST = "checkpoint.json";
}
