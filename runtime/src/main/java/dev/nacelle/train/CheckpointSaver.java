package dev.nacelle.train;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.AdapterFiles;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.tape.Engine;
import java.nio.file.Path;
import java.util.Map;

/** Brings one run's state onto the disk. */
final class CheckpointSaver {
  private final Checkpoints checkpoints;
  private final Provenance provenance;
  private final Engine engine;
  private final Adapter adapter;
  private final FaultInjector faults;

  CheckpointSaver(
      Checkpoints checkpoints,
      Provenance provenance,
      Engine engine,
      Adapter adapter,
      FaultInjector faults) {
    this.checkpoints = checkpoints;
    this.provenance = provenance;
    this.engine = engine;
    this.adapter = adapter;
    this.faults = faults;
  }

  /** Writes a checkpoint; older ones go once it is visible. */
  Path save(RunState state, Trainer trainer, int keep) {
    Provenance now =
        new Provenance(
            provenance.inputs(),
            provenance.flags(),
            provenance.isa(),
            provenance.threads(),
            engine.kernels().products().choices());
    Path folder =
        checkpoints.write(
            state,
            now,
            inside -> {
              // The frozen weight of a targeted head is the base model's, and stays out.
              AdapterFiles.save(inside, adapter, Map.of(), faults);
              trainer.saveMoments(inside.resolve(Checkpoint.OPTIMIZER), faults);
            });
    checkpoints.prune(keep);
    return folder;
  }

  /** Where the checkpoint of a step lies. */
  Path of(long step) {
    return checkpoints.of(step);
  }

  BestAdapter best() {
    return checkpoints.best();
  }
}
