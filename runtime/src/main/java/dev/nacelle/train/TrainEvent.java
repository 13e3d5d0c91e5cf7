package dev.nacelle.train;

import dev.nacelle.adapter.RouterUse;
import dev.nacelle.data.topics.TopicCurve;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happens during a run, for whoever shows or logs it. */
public sealed interface TrainEvent {
  /** Something a person should read once. */
  record Note(String text) implements TrainEvent {}

  /** A long preparation goes on: {@code done} of {@code total} bytes. */
  record Preparing(String what, long done, long total) implements TrainEvent {}

  /**
   * The data said how many heads an adapter gets.
   *
   * @param remembered whether it said so when the run began, which goes on now
   */
  record HeadsChosen(TopicCurve curve, boolean remembered) implements TrainEvent {}

  /**
   * Training begins.
   *
   * @param trainable elements that train
   */
  record Started(long totalSteps, long trainable, int modules) implements TrainEvent {}

  /**
   * A run goes on where an earlier one stopped; comes before {@link Started}. The step log is to be
   * cut back: what it then holds is the history of the run.
   *
   * @param step the last step that the checkpoint holds
   * @param loggedSteps lines of the log that stay: {@code step}, or one fewer where an evaluation
   *     was still to follow that step
   */
  record Resumed(long step, long loggedSteps, Path checkpoint) implements TrainEvent {}

  /** A checkpoint is about to be written: what listeners wrote must be on the disk before it. */
  record Saving(long step) implements TrainEvent {}

  /** A checkpoint is on disk. */
  record Checkpointed(long step, Path folder) implements TrainEvent {}

  /**
   * A step is done.
   *
   * @param evalLoss where an evaluation followed it
   * @param joules that the machine drew for it; null where no sensor says so
   * @param routers what each router did in it; empty for an adapter that has none, and for a step
   *     that another process took
   */
  record Stepped(
      StepRecord step, @Nullable Double evalLoss, @Nullable Double joules, List<RouterUse> routers)
      implements TrainEvent {}

  /** An evaluation is done; {@code step} 0 is before the first one. */
  record Evaluated(long step, double loss, long targetTokens) implements TrainEvent {}

  /**
   * A sample prompt was answered.
   *
   * @param step how many steps were done; 0 is before the first one
   * @param index which of the prompts, from 0
   */
  record Sampled(long step, int index, String prompt, String answer) implements TrainEvent {}

  /** The adapter is on disk. */
  record Saved(Path folder) implements TrainEvent {}

  /** The last event of a run that began, whether it came to its end or not. */
  record Ended(FinetuneResult result) implements TrainEvent {}
}
